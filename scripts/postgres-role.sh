#!/bin/sh
# Runs once, when the postgres container makes its cluster: the application must not be the
# superuser, who would pass every row level policy.
set -eu
psql --set=ON_ERROR_STOP=1 --username=postgres --dbname="$POSTGRES_DB" --set=password="$ECG_PASSWORD" <<'SQL'
CREATE ROLE ecg_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'password';
ALTER DATABASE :"DBNAME" OWNER TO ecg_owner;
ALTER SCHEMA public OWNER TO ecg_owner;
SQL
