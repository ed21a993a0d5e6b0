-- Variable: plan. The role that backups are made with: it reads everything and changes nothing. The password is in the file that
-- PASSWORD_FILE names.
\set password `cat "$PASSWORD_FILE"`
BEGIN;
\ir current.sql
SELECT 'CREATE ROLE stackwright_backup' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stackwright_backup') \gexec
ALTER ROLE stackwright_backup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS CONNECTION LIMIT 8
	PASSWORD :'password';
GRANT pg_read_all_data TO stackwright_backup;
-- Large objects have owners of their own, which pg_read_all_data does not reach.
ALTER ROLE stackwright_backup SET lo_compat_privileges = on;
SELECT format('GRANT CONNECT ON DATABASE %I TO stackwright_backup', datname)
FROM pg_database WHERE NOT datistemplate \gexec
COMMIT;
