-- CreateEnum
CREATE TYPE "source_type" AS ENUM ('github', 'gitlab', 'bitbucket', 'git', 'url', 'local');

-- CreateEnum
CREATE TYPE "repository_selection" AS ENUM ('all', 'selected');

-- CreateTable
CREATE TABLE "users" (
    "id" SERIAL NOT NULL,
    "email" VARCHAR(320) NOT NULL,
    "github_account_id" VARCHAR(64),
    "github_account_name" VARCHAR(255),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" SERIAL NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "neptun_user_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "projects" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "import_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "neptun_user_id" INTEGER NOT NULL,

    CONSTRAINT "projects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "imports" (
    "id" SERIAL NOT NULL,
    "source_type" "source_type" NOT NULL,
    "source_path" VARCHAR(2048) NOT NULL,
    "title" VARCHAR(255),
    "description" VARCHAR(10000),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "neptun_user_id" INTEGER NOT NULL,
    "project_id" INTEGER NOT NULL,

    CONSTRAINT "imports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "user_files" (
    "id" SERIAL NOT NULL,
    "title" VARCHAR(255) NOT NULL,
    "text" TEXT NOT NULL,
    "language" VARCHAR(64) NOT NULL,
    "extension" VARCHAR(32) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "neptun_user_id" INTEGER NOT NULL,

    CONSTRAINT "user_files_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "template_collections" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "description" VARCHAR(10000),
    "is_shared" BOOLEAN NOT NULL DEFAULT false,
    "share_uuid" UUID NOT NULL DEFAULT gen_random_uuid(),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "neptun_user_id" INTEGER NOT NULL,

    CONSTRAINT "template_collections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "github_installations" (
    "id" SERIAL NOT NULL,
    "installation_id" INTEGER NOT NULL,
    "account_name" VARCHAR(255) NOT NULL,
    "repository_selection" "repository_selection" NOT NULL,
    "github_account_type" VARCHAR(64),
    "github_account_avatar_url" VARCHAR(2048),
    "github_account_id" VARCHAR(64),
    "github_account_name" VARCHAR(255),
    "suspended_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "neptun_user_id" INTEGER NOT NULL,

    CONSTRAINT "github_installations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chat_conversations" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "description" VARCHAR(10000),
    "model_publisher" VARCHAR(255) NOT NULL,
    "model_name" VARCHAR(255) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "neptun_user_id" INTEGER NOT NULL,

    CONSTRAINT "chat_conversations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "project_user_files" (
    "id" BIGSERIAL NOT NULL,
    "project_id" INTEGER NOT NULL,
    "user_file_id" INTEGER NOT NULL,
    "neptun_user_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_user_files_pkey" PRIMARY KEY ("project_id","user_file_id")
);

-- CreateTable
CREATE TABLE "project_template_collections" (
    "id" BIGSERIAL NOT NULL,
    "project_id" INTEGER NOT NULL,
    "template_collection_id" INTEGER NOT NULL,
    "neptun_user_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_template_collections_pkey" PRIMARY KEY ("project_id","template_collection_id")
);

-- CreateTable
CREATE TABLE "project_github_installations" (
    "id" BIGSERIAL NOT NULL,
    "project_id" INTEGER NOT NULL,
    "github_installation_id" INTEGER NOT NULL,
    "neptun_user_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_github_installations_pkey" PRIMARY KEY ("project_id","github_installation_id")
);

-- CreateTable
CREATE TABLE "project_chat_conversations" (
    "id" BIGSERIAL NOT NULL,
    "project_id" INTEGER NOT NULL,
    "chat_conversation_id" INTEGER NOT NULL,
    "neptun_user_id" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "project_chat_conversations_pkey" PRIMARY KEY ("project_id","chat_conversation_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE UNIQUE INDEX "sessions_token_hash_key" ON "sessions"("token_hash");

-- CreateIndex
CREATE INDEX "sessions_neptun_user_id_idx" ON "sessions"("neptun_user_id");

-- CreateIndex
CREATE INDEX "projects_neptun_user_id_idx" ON "projects"("neptun_user_id");

-- CreateIndex
CREATE UNIQUE INDEX "projects_id_neptun_user_id_key" ON "projects"("id", "neptun_user_id");

-- CreateIndex
CREATE INDEX "imports_project_id_created_at_id_idx" ON "imports"("project_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "user_files_id_neptun_user_id_key" ON "user_files"("id", "neptun_user_id");

-- CreateIndex
CREATE UNIQUE INDEX "template_collections_share_uuid_key" ON "template_collections"("share_uuid");

-- CreateIndex
CREATE UNIQUE INDEX "template_collections_id_neptun_user_id_key" ON "template_collections"("id", "neptun_user_id");

-- CreateIndex
CREATE INDEX "github_installations_neptun_user_id_idx" ON "github_installations"("neptun_user_id");

-- CreateIndex
CREATE UNIQUE INDEX "github_installations_id_neptun_user_id_key" ON "github_installations"("id", "neptun_user_id");

-- CreateIndex
CREATE UNIQUE INDEX "chat_conversations_id_neptun_user_id_key" ON "chat_conversations"("id", "neptun_user_id");

-- CreateIndex
CREATE INDEX "project_user_files_project_id_id_idx" ON "project_user_files"("project_id", "id");

-- CreateIndex
CREATE INDEX "project_user_files_user_file_id_idx" ON "project_user_files"("user_file_id");

-- CreateIndex
CREATE INDEX "project_template_collections_project_id_id_idx" ON "project_template_collections"("project_id", "id");

-- CreateIndex
CREATE INDEX "project_template_collections_template_collection_id_idx" ON "project_template_collections"("template_collection_id");

-- CreateIndex
CREATE INDEX "project_github_installations_project_id_id_idx" ON "project_github_installations"("project_id", "id");

-- CreateIndex
CREATE INDEX "project_github_installations_github_installation_id_idx" ON "project_github_installations"("github_installation_id");

-- CreateIndex
CREATE INDEX "project_chat_conversations_project_id_id_idx" ON "project_chat_conversations"("project_id", "id");

-- CreateIndex
CREATE INDEX "project_chat_conversations_chat_conversation_id_idx" ON "project_chat_conversations"("chat_conversation_id");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "projects" ADD CONSTRAINT "projects_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "imports" ADD CONSTRAINT "imports_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "user_files" ADD CONSTRAINT "user_files_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "template_collections" ADD CONSTRAINT "template_collections_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "github_installations" ADD CONSTRAINT "github_installations_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "chat_conversations" ADD CONSTRAINT "chat_conversations_neptun_user_id_fkey" FOREIGN KEY ("neptun_user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_user_files" ADD CONSTRAINT "project_user_files_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_user_files" ADD CONSTRAINT "project_user_files_user_file_id_neptun_user_id_fkey" FOREIGN KEY ("user_file_id", "neptun_user_id") REFERENCES "user_files"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_template_collections" ADD CONSTRAINT "project_template_collections_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_template_collections" ADD CONSTRAINT "project_template_collections_template_collection_id_neptun_fkey" FOREIGN KEY ("template_collection_id", "neptun_user_id") REFERENCES "template_collections"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_github_installations" ADD CONSTRAINT "project_github_installations_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_github_installations" ADD CONSTRAINT "project_github_installations_github_installation_id_neptun_fkey" FOREIGN KEY ("github_installation_id", "neptun_user_id") REFERENCES "github_installations"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_chat_conversations" ADD CONSTRAINT "project_chat_conversations_project_id_neptun_user_id_fkey" FOREIGN KEY ("project_id", "neptun_user_id") REFERENCES "projects"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "project_chat_conversations" ADD CONSTRAINT "project_chat_conversations_chat_conversation_id_neptun_use_fkey" FOREIGN KEY ("chat_conversation_id", "neptun_user_id") REFERENCES "chat_conversations"("id", "neptun_user_id") ON DELETE CASCADE ON UPDATE RESTRICT;

-- What Prisma's schema language cannot express, from here on.

-- No empty strings.
ALTER TABLE "users"
    ADD CONSTRAINT "users_email_check" CHECK ("email" <> '');

ALTER TABLE "sessions"
    ADD CONSTRAINT "sessions_token_hash_check" CHECK (octet_length("token_hash") = 32);

ALTER TABLE "projects"
    ADD CONSTRAINT "projects_name_check" CHECK ("name" <> ''),
    ADD CONSTRAINT "projects_import_count_check" CHECK ("import_count" >= 0);

-- Of a github path the shape is checked here too: it becomes part of a GitHub API path.
ALTER TABLE "imports"
    ADD CONSTRAINT "imports_source_path_check" CHECK ("source_path" <> ''),
    ADD CONSTRAINT "imports_github_path_check" CHECK (
        "source_type" <> 'github'
        OR ("source_path" ~ '^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$' AND "source_path" !~ '/\.{1,2}$')
    ),
    ADD CONSTRAINT "imports_title_check" CHECK ("title" <> '');

ALTER TABLE "user_files"
    ADD CONSTRAINT "user_files_title_check" CHECK ("title" <> ''),
    ADD CONSTRAINT "user_files_text_check" CHECK (octet_length("text") <= 1048576),
    ADD CONSTRAINT "user_files_language_check" CHECK ("language" <> ''),
    ADD CONSTRAINT "user_files_extension_check" CHECK ("extension" <> '');

ALTER TABLE "template_collections"
    ADD CONSTRAINT "template_collections_name_check" CHECK ("name" <> '');

ALTER TABLE "github_installations"
    ADD CONSTRAINT "github_installations_installation_id_check" CHECK ("installation_id" > 0),
    ADD CONSTRAINT "github_installations_account_name_check" CHECK ("account_name" <> '');

ALTER TABLE "chat_conversations"
    ADD CONSTRAINT "chat_conversations_name_check" CHECK ("name" <> ''),
    ADD CONSTRAINT "chat_conversations_model_publisher_check" CHECK ("model_publisher" <> ''),
    ADD CONSTRAINT "chat_conversations_model_name_check" CHECK ("model_name" <> '');

-- projects.import_count follows the rows of imports, whoever writes them. The row lock that the update takes also
-- puts concurrent inserts into one project in a queue, which makes the maximum exact.
CREATE FUNCTION "count_imports"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE "projects" SET "import_count" = "import_count" - 1 WHERE "id" = OLD."project_id";
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE "projects" SET "import_count" = "import_count" + 1 WHERE "id" = NEW."project_id";
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER "imports_count" AFTER INSERT OR DELETE OR UPDATE OF "project_id" ON "imports"
    FOR EACH ROW EXECUTE FUNCTION "count_imports"();
