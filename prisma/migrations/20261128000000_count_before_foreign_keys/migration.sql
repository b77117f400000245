-- A trigger that counts the rows of a list must lock the project's row before the check of the foreign key does.
--
-- The check takes a FOR KEY SHARE lock, which several transactions can hold at the same time, so PostgreSQL stores them as
-- a multixact. If one of them had updated the counters and was just being rolled back (because the project is full, or for
-- a preview), an update by another one could fail: "new multixact has more than one updating member".
--
-- PostgreSQL fires the triggers of a row in alphabetical order, and those of foreign keys are called RI_ConstraintTrigger_...
ALTER TRIGGER "imports_count" ON "imports" RENAME TO "A_imports_count";
ALTER TRIGGER "context_files_count" ON "context_files" RENAME TO "A_context_files_count";
ALTER TRIGGER "project_user_files_count" ON "project_user_files" RENAME TO "A_project_user_files_count";
ALTER TRIGGER "project_template_collections_count" ON "project_template_collections" RENAME TO "A_project_template_collections_count";
ALTER TRIGGER "project_github_installations_count" ON "project_github_installations" RENAME TO "A_project_github_installations_count";
ALTER TRIGGER "project_chat_conversations_count" ON "project_chat_conversations" RENAME TO "A_project_chat_conversations_count";
