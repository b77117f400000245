-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "file_bytes" BIGINT NOT NULL DEFAULT 11,
ADD COLUMN     "file_count" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "context_files" (
    "id" SERIAL NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "original_path" VARCHAR(2048) NOT NULL,
    "context_file_category" VARCHAR(64) NOT NULL,
    "context_file_type" VARCHAR(64) NOT NULL,
    "text" TEXT NOT NULL,
    "language" VARCHAR(64),
    "extension" VARCHAR(32),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "neptun_user_id" INTEGER NOT NULL,
    "project_id" INTEGER NOT NULL,

    CONSTRAINT "context_files_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "context_files_project_id_created_at_id_idx" ON "context_files"("project_id", "created_at", "id");

-- AddForeignKey
ALTER TABLE "context_files" ADD CONSTRAINT "context_files_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- What Prisma's schema language cannot express, from here on.

ALTER TABLE "context_files"
    ADD CONSTRAINT "context_files_title_check" CHECK ("title" <> ''),
    ADD CONSTRAINT "context_files_original_path_check" CHECK ("original_path" <> ''),
    ADD CONSTRAINT "context_files_context_file_category_check" CHECK ("context_file_category" ~ '^[A-Za-z0-9._-]+$'),
    ADD CONSTRAINT "context_files_context_file_type_check" CHECK ("context_file_type" ~ '^[A-Za-z0-9._-]+$'),
    ADD CONSTRAINT "context_files_text_check" CHECK (octet_length("text") <= 1048576),
    ADD CONSTRAINT "context_files_language_check" CHECK ("language" <> ''),
    ADD CONSTRAINT "context_files_extension_check" CHECK ("extension" ~ '^[A-Za-z0-9.+_-]+$');

CREATE TRIGGER "context_files_touch" BEFORE UPDATE ON "context_files"
    FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

CREATE FUNCTION "list_bytes"(item "context_files") RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT octet_length(row_to_json(shown)::text) + 1 FROM (
        SELECT item."id", item."title", item."original_path", item."context_file_category", item."context_file_type",
            item."text", item."language", item."extension",
            repeat('-', 24) AS "created_at", repeat('-', 24) AS "updated_at", item."neptun_user_id", item."project_id"
    ) AS shown);
END
$$;

CALL limit_list('context_files', 'file', 'files', 11);
