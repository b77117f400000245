-- Invariants that must hold under concurrency, whichever client writes.

-- The maximum number of imports in a project. The row lock on the project, which the UPDATE takes, puts concurrent
-- inserts into one project in a queue, so the maximum is exact. The service sets "neptun.max_imports_per_project" on
-- each of its connections; other clients get the default. SQLSTATE NP001 is this schema's own code for "limit reached".
CREATE OR REPLACE FUNCTION "count_imports"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    maximum integer := coalesce(nullif(current_setting('neptun.max_imports_per_project', true), '')::integer, 1000);
    total integer;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE "projects" SET "import_count" = "import_count" - 1 WHERE "id" = OLD."project_id";
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE "projects" SET "import_count" = "import_count" + 1 WHERE "id" = NEW."project_id"
            RETURNING "import_count" INTO total;
        IF total > maximum THEN
            RAISE EXCEPTION 'project % holds the maximum of % imports', NEW."project_id", maximum
                USING ERRCODE = 'NP001';
        END IF;
    END IF;
    RETURN NULL;
END
$$;

-- Every change moves updated_at by at least a millisecond, even if the clock stands still or steps back: it is the
-- version that optimistic locking and ETags compare.
CREATE FUNCTION "touch_updated_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."updated_at" := greatest(now(), OLD."updated_at" + interval '1 millisecond');
    RETURN NEW;
END
$$;

CREATE TRIGGER "imports_touch" BEFORE UPDATE ON "imports"
    FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

CREATE TRIGGER "github_installations_touch" BEFORE UPDATE ON "github_installations"
    FOR EACH ROW EXECUTE FUNCTION "touch_updated_at"();

-- Defaults of times. The same value as before, in a form that Prisma leaves to the database instead of sending the time of
-- the client: rows are ordered by one clock.
ALTER TABLE "chat_conversations" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "github_deliveries" ALTER COLUMN "received_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "github_installations" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "imports" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "project_chat_conversations" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "project_github_installations" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "project_template_collections" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "project_user_files" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "projects" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "sessions" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "last_used_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "template_collections" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "user_files" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
ALTER TABLE "users" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "updated_at" SET DEFAULT transaction_timestamp();
