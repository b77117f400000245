-- Creates the role of the service, which owns the schema and is not a superuser. The superuser must run this file in
-- the database of the service, with psql 15 or later; the password of the role is POSTGRES_PASSWORD. With
-- compose.production.yml, the postgres image runs this file when it initializes a volume. The file is idempotent. If a
-- volume was created before the role neptun_service existed, run the file yourself:
--   docker compose -f compose.production.yml exec postgres \
--     psql -U neptun -v ON_ERROR_STOP=1 -f /docker-entrypoint-initdb.d/service-role.sql
\set ON_ERROR_STOP on
\getenv password POSTGRES_PASSWORD
-- Keep the password out of the log, even if a statement fails.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
BEGIN;

SELECT 'CREATE ROLE neptun_service' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neptun_service') \gexec
ALTER ROLE neptun_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';

SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO neptun_service', current_database()) \gexec
ALTER SCHEMA public OWNER TO neptun_service;

-- Objects that an earlier version created as the superuser. Sequences and indexes follow their tables.
SELECT format('ALTER TABLE public.%I OWNER TO neptun_service', relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \gexec
SELECT format('ALTER TYPE public.%I OWNER TO neptun_service', typname) FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e') \gexec
SELECT format('ALTER ROUTINE %s OWNER TO neptun_service', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace \gexec

-- Without a password, the superuser can log in only inside the container, where PostgreSQL's image requires none.
ALTER ROLE CURRENT_USER PASSWORD NULL;
COMMIT;
