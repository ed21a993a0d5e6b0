-- Variable: plan. The role of the exporter: it sees what the server tells of itself, and no table of anybody. Its password is in
-- METRICS_PASSWORD.
\set password `printf %s "$METRICS_PASSWORD"`
BEGIN;
\ir current.sql
SELECT 'CREATE ROLE stackwright_metrics' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stackwright_metrics') \gexec
ALTER ROLE stackwright_metrics LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3
	PASSWORD :'password';
GRANT pg_monitor TO stackwright_metrics;
GRANT CONNECT ON DATABASE postgres TO stackwright_metrics;
COMMIT;
