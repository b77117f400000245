-- AlterTable
ALTER TABLE "github_deliveries" ADD COLUMN     "body_hash" BYTEA;

-- CreateIndex
CREATE UNIQUE INDEX "github_deliveries_body_hash_key" ON "github_deliveries"("body_hash");

ALTER TABLE "github_deliveries"
    ADD CONSTRAINT "github_deliveries_body_hash_check" CHECK (octet_length("body_hash") = 32);
