-- A user who recorded the same GitHub installation twice has two rows. The one that was recorded last is the truest; its
-- values go into the oldest row, whose id clients know longest. Links are moved to that row, unless the project links it
-- already.
CREATE TABLE "merged_installations" AS
    SELECT "id",
        first_value("id") OVER (PARTITION BY "neptun_user_id", "installation_id" ORDER BY "id") AS "kept_id",
        first_value("id") OVER (PARTITION BY "neptun_user_id", "installation_id" ORDER BY "id" DESC) AS "newest_id"
    FROM "github_installations";

UPDATE "github_installations" AS kept
SET "account_name" = newest."account_name",
    "repository_selection" = newest."repository_selection",
    "github_account_type" = coalesce(newest."github_account_type", kept."github_account_type"),
    "github_account_avatar_url" = coalesce(newest."github_account_avatar_url", kept."github_account_avatar_url"),
    "github_account_id" = coalesce(newest."github_account_id", kept."github_account_id"),
    "github_account_name" = coalesce(newest."github_account_name", kept."github_account_name"),
    "suspended_at" = newest."suspended_at",
    "suspension_known_at" = newest."suspension_known_at"
FROM "merged_installations" AS merged, "github_installations" AS newest
WHERE merged."id" = kept."id" AND merged."id" = merged."kept_id" AND merged."newest_id" <> merged."kept_id"
    AND newest."id" = merged."newest_id";

INSERT INTO "project_github_installations" ("project_id", "github_installation_id", "neptun_user_id", "created_at")
    SELECT link."project_id", merged."kept_id", link."neptun_user_id", link."created_at"
    FROM "project_github_installations" AS link
        JOIN "merged_installations" AS merged ON merged."id" = link."github_installation_id"
    WHERE merged."id" <> merged."kept_id"
    ORDER BY link."id"
    ON CONFLICT DO NOTHING;

-- Their links go with them.
DELETE FROM "github_installations" AS installation
USING "merged_installations" AS merged
WHERE merged."id" = installation."id" AND merged."id" <> merged."kept_id";

-- Not a temporary table: the role of the service may not have the right to create one.
DROP TABLE "merged_installations";

-- DropIndex
DROP INDEX "github_installations_neptun_user_id_idx";

-- CreateIndex
CREATE UNIQUE INDEX "github_installations_neptun_user_id_installation_id_key" ON "github_installations"("neptun_user_id", "installation_id");

-- AlterTable
ALTER TABLE "imports" ADD COLUMN     "github_account_id" VARCHAR(20),
ADD COLUMN     "github_repository_id" VARCHAR(20);

-- CreateEnum
CREATE TYPE "github_subject" AS ENUM ('account', 'repository');

-- CreateTable
CREATE TABLE "github_names" (
    "id" BIGSERIAL NOT NULL,
    "subject" "github_subject" NOT NULL,
    "github_id" VARCHAR(20) NOT NULL,
    "former_name" VARCHAR(255),
    "name" VARCHAR(255) NOT NULL,
    "known_at" TIMESTAMPTZ(3),
    "weak" BOOLEAN NOT NULL DEFAULT false,
    "neptun_user_id" INTEGER NOT NULL,

    CONSTRAINT "github_names_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "github_names_github_id_check" CHECK ("github_id" <> ''),
    CONSTRAINT "github_names_name_check" CHECK ("name" <> '')
);

-- CreateIndex, which Prisma's schema language does not tell from one in which no two nulls are equal
CREATE UNIQUE INDEX "github_names_key" ON "github_names"("neptun_user_id", "subject", "github_id", "former_name", "name", "known_at")
    NULLS NOT DISTINCT;

-- AddForeignKey
ALTER TABLE "github_names" ADD CONSTRAINT "github_names_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- What Prisma's schema language cannot express, from here on.

-- The imports of a repository or of an account, whoever's they are. Expressions, so that Prisma's diff leaves these alone.
CREATE INDEX "imports_github_repository_id_idx" ON "imports"(("github_repository_id"::text)) WHERE "github_repository_id" IS NOT NULL;
CREATE INDEX "imports_github_account_id_idx" ON "imports"(("github_account_id"::text)) WHERE "github_account_id" IS NOT NULL;

-- Learning GitHub's ids changes nothing that a client can see: updated_at, by which clients and ETags tell versions, stays.
CREATE OR REPLACE TRIGGER "imports_touch" BEFORE UPDATE ON "imports"
    FOR EACH ROW
    WHEN (
        NEW."source_path" <> OLD."source_path"
        OR (NEW."github_repository_id", NEW."github_account_id")
            IS NOT DISTINCT FROM (OLD."github_repository_id", OLD."github_account_id")
    )
    EXECUTE FUNCTION "touch_updated_at"();
