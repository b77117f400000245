-- AlterTable
ALTER TABLE "github_installations" ADD COLUMN     "suspension_known_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "github_deliveries" (
    "id" UUID NOT NULL,
    "event" VARCHAR(64) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "github_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "github_deliveries_received_at_idx" ON "github_deliveries"("received_at");

-- CreateIndex
CREATE INDEX "github_installations_installation_id_idx" ON "github_installations"("installation_id");

-- What Prisma's schema language cannot express, from here on.

-- The imports of one user from one GitHub repository, whose name GitHub compares without regard to letter case. Prisma
-- sees no index on an expression: its diff leaves this one alone.
CREATE INDEX "imports_github_path_idx" ON "imports"("neptun_user_id", lower("source_path"))
    WHERE "source_type" = 'github';
