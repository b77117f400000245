-- Creates the role that the service connects as: it owns the schema and is not a superuser. Run by the superuser, in the
-- service's database, with psql 14 or later; the password is that in POSTGRES_PASSWORD. PostgreSQL's image runs this file when
-- it creates a volume. It can be run again, also on a volume that an earlier version created:
--   docker compose exec postgres psql -U neptun -v ON_ERROR_STOP=1 -f /docker-entrypoint-initdb.d/service-role.sql
\set ON_ERROR_STOP on
\getenv password POSTGRES_PASSWORD
-- The log must not contain the password, even if a statement fails.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
BEGIN;

SELECT 'CREATE ROLE neptun_service' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'neptun_service') \gexec
ALTER ROLE neptun_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';

SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO neptun_service', current_database()) \gexec
ALTER SCHEMA public OWNER TO neptun_service;

-- What an earlier version created as the superuser. Sequences and indexes follow their tables.
SELECT format('ALTER TABLE public.%I OWNER TO neptun_service', relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \gexec
SELECT format('ALTER TYPE public.%I OWNER TO neptun_service', typname) FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e') \gexec
SELECT format('ALTER ROUTINE %s OWNER TO neptun_service', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace \gexec

-- The superuser keeps the local socket of the container, and can no longer log in over the network.
ALTER ROLE CURRENT_USER PASSWORD NULL;
COMMIT;
