-- A trigger that counts the rows of a list must lock the project's row before the check of the foreign key does.
--
-- The check takes a FOR KEY SHARE lock, which several transactions can hold at the same time, so PostgreSQL stores them as
-- a multixact. If one of them had updated the counters and was just being rolled back (because the project is full, or for
-- a preview), an update by another one could fail: "new multixact has more than one updating member".
--
-- PostgreSQL fires the triggers of a row in alphabetical order, and those of foreign keys are called RI_ConstraintTrigger_...
CREATE PROCEDURE "count_before_foreign_keys"(list text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TRIGGER %I ON %I RENAME TO %I', list || '_count', list, 'A_' || list || '_count');
END
$$;

CALL count_before_foreign_keys('imports');
CALL count_before_foreign_keys('context_files');
CALL count_before_foreign_keys('project_user_files');
CALL count_before_foreign_keys('project_template_collections');
CALL count_before_foreign_keys('project_github_installations');
CALL count_before_foreign_keys('project_chat_conversations');

-- The same for lists that are added later, including those that limit_links() adds.
ALTER PROCEDURE "limit_list" RENAME TO "create_list_limit";

CREATE PROCEDURE "limit_list"(list text, counter text, nouns text, empty_bytes integer) LANGUAGE plpgsql AS $$
BEGIN
    CALL create_list_limit(list, counter, nouns, empty_bytes);
    CALL count_before_foreign_keys(list);
END
$$;
