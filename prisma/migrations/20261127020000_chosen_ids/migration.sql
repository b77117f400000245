-- CreateIndex
CREATE INDEX "user_files_neptun_user_id_idx" ON "user_files"("neptun_user_id");

-- CreateIndex
CREATE INDEX "template_collections_neptun_user_id_idx" ON "template_collections"("neptun_user_id");

-- CreateIndex
CREATE INDEX "chat_conversations_neptun_user_id_idx" ON "chat_conversations"("neptun_user_id");

-- What Prisma's schema language cannot express, from here on.

-- Ids can be chosen by another service, so a sequence can arrive at one that is in use. The default of the column skips
-- those. The sequence itself never jumps: an id near the end of the range would leave no more (docs/decisions/027).
-- An id that a concurrent transaction has inserted and not committed is not seen: the insert then waits, and conflicts.
CREATE PROCEDURE "skip_taken_ids"(list text) LANGUAGE plpgsql AS $procedure$
BEGIN
    EXECUTE format($statements$
        CREATE FUNCTION %2$I() RETURNS integer LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            candidate integer;
        BEGIN
            LOOP
                candidate := nextval(%3$L);
                IF NOT EXISTS (SELECT FROM %1$I WHERE "id" = candidate) THEN RETURN candidate; END IF;
            END LOOP;
        END
        $$;

        ALTER TABLE %1$I ALTER COLUMN "id" SET DEFAULT %2$I();
    $statements$, list, 'next_' || list || '_id', list || '_id_seq');
END
$procedure$;

CALL skip_taken_ids('users');
CALL skip_taken_ids('projects');
CALL skip_taken_ids('user_files');
CALL skip_taken_ids('template_collections');
CALL skip_taken_ids('github_installations');
CALL skip_taken_ids('chat_conversations');
