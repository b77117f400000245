-- CreateTable
CREATE TABLE "idempotency_keys" (
    "neptun_user_id" INTEGER NOT NULL,
    "project_id" INTEGER NOT NULL,
    "key" VARCHAR(255) NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "result" JSONB,
    "refusal" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("neptun_user_id","key")
);

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- AddForeignKey
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- What Prisma's schema language cannot express, from here on.

ALTER TABLE "idempotency_keys"
    ADD CONSTRAINT "idempotency_keys_key_check" CHECK ("key" <> ''),
    ADD CONSTRAINT "idempotency_keys_request_hash_check" CHECK (octet_length("request_hash") = 32),
    ADD CONSTRAINT "idempotency_keys_outcome_check" CHECK (("result" IS NULL) <> ("refusal" IS NULL));
