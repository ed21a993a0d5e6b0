-- Variable: login. Nothing is dropped: what it made belongs to its group.
BEGIN;
\ir current.sql
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname)
FROM pg_roles
WHERE rolname = :'login' AND NOT rolsuper AND NOT rolreplication AND rolname !~ '^(pg|stackwright)_' \gexec
COMMIT;
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity JOIN pg_roles ON rolname = usename
WHERE usename = :'login' AND NOT rolcanlogin \g /dev/null
