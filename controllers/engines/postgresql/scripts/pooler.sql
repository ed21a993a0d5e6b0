-- Variable: plan. The role by which the pooler looks up the passwords of logins, as the server keeps them: from such a one nobody can
-- log in without having been told the password. The role sees nothing else. Its password is in POOLER_PASSWORD.
\set password `printf %s "$POOLER_PASSWORD"`
BEGIN;
\ir current.sql
SELECT 'CREATE ROLE stackwright_pooler' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stackwright_pooler') \gexec
ALTER ROLE stackwright_pooler LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 24
	PASSWORD :'password';
GRANT CONNECT ON DATABASE postgres TO stackwright_pooler;
CREATE SCHEMA IF NOT EXISTS stackwright_pooler;
REVOKE ALL ON SCHEMA stackwright_pooler FROM PUBLIC;
GRANT USAGE ON SCHEMA stackwright_pooler TO stackwright_pooler;

CREATE OR REPLACE FUNCTION stackwright_pooler.login(asked text, OUT name text, OUT password text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog
AS $$
	SELECT rolname::text, rolpassword
	FROM pg_authid
	WHERE rolname = asked AND rolcanlogin AND NOT rolsuper AND NOT rolreplication AND rolname !~ '^(pg|stackwright)_'
$$;
REVOKE ALL ON FUNCTION stackwright_pooler.login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stackwright_pooler.login(text) TO stackwright_pooler;
COMMIT;
