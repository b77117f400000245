-- AlterTable
ALTER TABLE "project_chat_conversations" ADD COLUMN     "bytes" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "project_github_installations" ADD COLUMN     "bytes" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "project_template_collections" ADD COLUMN     "bytes" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "project_user_files" ADD COLUMN     "bytes" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "chat_conversation_bytes" BIGINT NOT NULL DEFAULT 1,
ADD COLUMN     "chat_conversation_count" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "github_installation_bytes" BIGINT NOT NULL DEFAULT 1,
ADD COLUMN     "github_installation_count" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "import_bytes" BIGINT NOT NULL DEFAULT 13,
ADD COLUMN     "template_collection_bytes" BIGINT NOT NULL DEFAULT 1,
ADD COLUMN     "template_collection_count" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "user_file_bytes" BIGINT NOT NULL DEFAULT 1,
ADD COLUMN     "user_file_count" INTEGER NOT NULL DEFAULT 0;

-- What Prisma's schema language cannot express, from here on: the limits of a project's lists (docs/decisions/004).

CREATE FUNCTION "max_project_rows"() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1000';

-- The service sets "neptun.max_project_bytes" on each of its connections; other clients get the default.
CREATE FUNCTION "max_project_bytes"() RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT coalesce(nullif(current_setting('neptun.max_project_bytes', true), '')::bigint, 16777216)
$$;

-- SQLSTATE NP001 is this schema's own code for "limit reached". The client sees the message.
CREATE FUNCTION "require_project_room"(nouns text, total_rows integer, total_bytes bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF total_rows > max_project_rows() THEN
        RAISE EXCEPTION 'The project is full: it holds at most % %', max_project_rows(), nouns USING ERRCODE = 'NP001';
    ELSIF total_bytes > max_project_bytes() THEN
        RAISE EXCEPTION 'The project is full: the list of its % has at most % bytes', nouns, max_project_bytes()
            USING ERRCODE = 'NP001';
    END IF;
END
$$;

-- The bytes of a row in the JSON text of a complete list, with the comma that follows. PostgreSQL escapes text exactly as
-- JSON.stringify does. Every time has 24 characters.
CREATE FUNCTION "list_bytes"(item "imports") RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT octet_length(row_to_json(shown)::text) + 1 FROM (
        SELECT item."id", item."source_type", item."source_path", item."title", item."description",
            repeat('-', 24) AS "created_at", repeat('-', 24) AS "updated_at", item."neptun_user_id", item."project_id"
    ) AS shown);
END
$$;

CREATE FUNCTION "list_bytes"(item "user_files") RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT octet_length(row_to_json(shown)::text) + 1 FROM (
        SELECT item."id", item."title", item."text", item."language", item."extension",
            repeat('-', 24) AS "created_at", repeat('-', 24) AS "updated_at", item."neptun_user_id"
    ) AS shown);
END
$$;

CREATE FUNCTION "list_bytes"(item "template_collections") RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT octet_length(row_to_json(shown)::text) + 1 FROM (
        SELECT item."id", item."name", item."description", item."is_shared", item."share_uuid",
            repeat('-', 24) AS "created_at", repeat('-', 24) AS "updated_at", item."neptun_user_id"
    ) AS shown);
END
$$;

CREATE FUNCTION "list_bytes"(item "github_installations") RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT octet_length(row_to_json(shown)::text) + 1 FROM (
        SELECT item."id", item."installation_id"::text AS "installation_id", item."account_name", item."repository_selection",
            item."github_account_type", item."github_account_avatar_url", item."github_account_id",
            item."github_account_name",
            repeat('-', 24) AS "created_at", repeat('-', 24) AS "updated_at", item."neptun_user_id"
    ) AS shown);
END
$$;

CREATE FUNCTION "list_bytes"(item "chat_conversations") RETURNS integer STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT octet_length(row_to_json(shown)::text) + 1 FROM (
        SELECT item."id", item."name", item."description", item."model_publisher" || '/' || item."model_name" AS "model",
            item."model_publisher", item."model_name",
            repeat('-', 24) AS "created_at", repeat('-', 24) AS "updated_at", item."neptun_user_id"
    ) AS shown);
END
$$;

-- Counts the rows of a table, and their bytes, in two columns of projects, `<counter>_count` and `<counter>_bytes`, and
-- enforces both limits. The UPDATE locks the project's row, so that concurrent writes to one project take turns and
-- the limits are exact. A change that a trigger makes (of a linked resource, see below) counts and is not refused.
--
-- A new project has no rows, whatever its counters say: they are counted again where a dump without the schema is restored.
CREATE PROCEDURE "limit_list"(list text, counter text, nouns text, empty_bytes integer) LANGUAGE plpgsql AS $procedure$
BEGIN
    EXECUTE format($statements$
        UPDATE "projects" SET %2$I = counted.total_rows, %3$I = %3$I + counted.total_bytes
        FROM (
            SELECT item."project_id", count(*) AS total_rows, sum(list_bytes(item)) AS total_bytes
            FROM %1$I AS item GROUP BY item."project_id"
        ) AS counted
        WHERE "id" = counted."project_id";

        CREATE FUNCTION %4$I() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            is_new boolean := OLD."project_id" IS DISTINCT FROM NEW."project_id";
            removed integer := 0;
            added integer := 0;
            total_rows integer;
            total_bytes bigint;
        BEGIN
            IF TG_OP <> 'INSERT' THEN removed := list_bytes(OLD); END IF;
            IF TG_OP <> 'DELETE' THEN added := list_bytes(NEW); END IF;
            IF added = removed AND NOT is_new THEN RETURN NULL; END IF;
            IF TG_OP <> 'INSERT' THEN
                UPDATE "projects" SET %2$I = %2$I - 1, %3$I = %3$I - removed WHERE "id" = OLD."project_id";
            END IF;
            IF TG_OP <> 'DELETE' THEN
                UPDATE "projects" SET %2$I = %2$I + 1, %3$I = %3$I + added WHERE "id" = NEW."project_id"
                    RETURNING CASE WHEN is_new THEN %2$I END, CASE WHEN is_new OR added > removed THEN %3$I END
                    INTO total_rows, total_bytes;
                IF pg_trigger_depth() = 1 THEN PERFORM require_project_room(%5$L, total_rows, total_bytes); END IF;
            END IF;
            RETURN NULL;
        END
        $$;

        CREATE TRIGGER %6$I AFTER INSERT OR UPDATE OR DELETE ON %1$I FOR EACH ROW EXECUTE FUNCTION %4$I();

        CREATE FUNCTION %7$I() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.%2$I := 0;
            NEW.%3$I := %8$L;
            RETURN NEW;
        END
        $$;

        CREATE TRIGGER %7$I BEFORE INSERT ON "projects" FOR EACH ROW EXECUTE FUNCTION %7$I();
    $statements$, list, counter || '_count', counter || '_bytes', 'count_' || list, nouns, list || '_count', 'start_' || list,
        empty_bytes);
END
$procedure$;

-- A link holds the bytes of its resource, which every change of the resource updates: so they are known where the resource
-- has been deleted already. FOR SHARE waits for a concurrent change, and makes the next one wait until it sees the link.
CREATE PROCEDURE "limit_links"(resources text, resource text, nouns text) LANGUAGE plpgsql AS $procedure$
BEGIN
    EXECUTE format($statements$
        UPDATE %2$I AS link SET "bytes" = list_bytes(item) FROM %1$I AS item WHERE item."id" = link.%3$I;

        CREATE FUNCTION "list_bytes"(link %2$I) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT link."bytes"';

        CREATE FUNCTION %4$I() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        BEGIN
            -- If there is no such resource, the foreign key refuses the link.
            NEW."bytes" := coalesce(
                (SELECT list_bytes(item) FROM %1$I AS item WHERE item."id" = NEW.%3$I FOR SHARE), 0
            );
            RETURN NEW;
        END
        $$;

        CREATE FUNCTION %5$I() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            changed integer := list_bytes(NEW);
        BEGIN
            UPDATE %2$I SET "bytes" = changed WHERE %3$I = NEW."id" AND "bytes" <> changed;
            RETURN NULL;
        END
        $$;

        CREATE TRIGGER %4$I BEFORE INSERT ON %2$I FOR EACH ROW EXECUTE FUNCTION %4$I();
        CREATE TRIGGER %5$I AFTER UPDATE ON %1$I FOR EACH ROW EXECUTE FUNCTION %5$I();
    $statements$, resources, 'project_' || resources, resource || '_id', 'measure_project_' || resources, 'measure_' || resources);
    CALL limit_list('project_' || resources, resource, nouns, 1);
END
$procedure$;

DROP TRIGGER "imports_count" ON "imports";
DROP FUNCTION "count_imports"();
CALL limit_list('imports', 'import', 'imports', 13);
CALL limit_links('user_files', 'user_file', 'user files');
CALL limit_links('template_collections', 'template_collection', 'template collections');
CALL limit_links('github_installations', 'github_installation', 'GitHub installations');
CALL limit_links('chat_conversations', 'chat_conversation', 'chat conversations');
