-- Each index holds all that a list asks of a link, so that none is looked up in the table. INCLUDE, which Prisma's schema
-- language cannot express (its diff takes such columns for the key's), because with them in its key the index would be
-- used to find one link among all of a project's.
-- They come first: lists go on while they are built, and wait only for the end.

-- CreateIndex
CREATE INDEX "project_user_files_list_idx" ON "project_user_files"("project_id", "id")
    INCLUDE ("user_file_id");

-- CreateIndex
CREATE INDEX "project_template_collections_list_idx" ON "project_template_collections"("project_id", "id")
    INCLUDE ("template_collection_id");

-- CreateIndex
CREATE INDEX "project_github_installations_list_idx" ON "project_github_installations"("project_id", "id")
    INCLUDE ("github_installation_id");

-- CreateIndex
CREATE INDEX "project_chat_conversations_list_idx" ON "project_chat_conversations"("project_id", "id")
    INCLUDE ("chat_conversation_id");

-- DropIndex
DROP INDEX "project_user_files_project_id_id_idx";

-- DropIndex
DROP INDEX "project_template_collections_project_id_id_idx";

-- DropIndex
DROP INDEX "project_github_installations_project_id_id_idx";

-- DropIndex
DROP INDEX "project_chat_conversations_project_id_id_idx";
