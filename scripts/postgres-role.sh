#!/bin/sh
# Runs when the postgres container creates its cluster, and can be run again at any time. The
# application's role must not be a superuser, because superusers bypass row-level security. Web
# requests act as two other roles, which see only what the policies allow.
set -eu
psql --set=ON_ERROR_STOP=1 --quiet --username=postgres --dbname="$POSTGRES_DB" --set=password="$ECG_PASSWORD" <<'SQL'
SELECT format('CREATE ROLE %I', role) FROM unnest(ARRAY['ecg_owner', 'ecg_reader', 'ecg_manager']) AS role
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec
ALTER ROLE ecg_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'password';
ALTER ROLE ecg_reader NOLOGIN NOSUPERUSER NOBYPASSRLS;
ALTER ROLE ecg_manager NOLOGIN NOSUPERUSER NOBYPASSRLS;
GRANT ecg_reader, ecg_manager TO ecg_owner WITH INHERIT FALSE, SET TRUE;
ALTER DATABASE :"DBNAME" OWNER TO ecg_owner;
ALTER SCHEMA public OWNER TO ecg_owner;
SQL
