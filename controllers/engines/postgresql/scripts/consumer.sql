-- Variables: login, other (the login of the version before or after), database, group, and role: what the login works as, or
-- none. The password is in the file that PASSWORD_FILE names.
\set password `cat "$PASSWORD_FILE"`

SELECT format('DO %L', format('BEGIN RAISE EXCEPTION %L; END', rolname || ' runs the server and is no login'))
FROM pg_roles
WHERE rolname IN (:'login', :'other') AND (rolsuper OR rolreplication OR rolname ~ '^(pg|stackwright)_') \gexec

BEGIN;
\ir current.sql
SELECT format('CREATE ROLE %I', :'login') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
ALTER ROLE :"login" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT
	CONNECTION LIMIT -1 PASSWORD :'password';

-- Groups that are not granted any more. The other login keeps its password and its database until it is taken back, but in this
-- database it may do no more than is granted now.
CREATE TEMPORARY TABLE stackwright_lost ON COMMIT PRESERVE ROWS AS
SELECT member.rolname AS login, granted.rolname AS group_name
FROM pg_auth_members AS m
JOIN pg_roles AS granted ON granted.oid = m.roleid
JOIN pg_roles AS member ON member.oid = m.member
WHERE granted.rolname <> :'group' AND NOT granted.rolcanlogin
AND (member.rolname = :'login' AND granted.rolname ~ '^[a-z].*_(owner|readwrite|readonly)$'
	OR member.rolname = :'other' AND granted.rolname IN (
		:'database' || '_owner', :'database' || '_readwrite', :'database' || '_readonly'));

SELECT format('REVOKE %I FROM %I', group_name, login) FROM pg_temp.stackwright_lost \gexec
SELECT statement
FROM (SELECT :'login' AS login UNION SELECT login FROM pg_temp.stackwright_lost) AS logins,
	unnest(ARRAY[
		format('GRANT %I TO %I', :'group', login),
		CASE WHEN :'role' = 'none' THEN format('ALTER ROLE %I RESET role', login)
		ELSE format('ALTER ROLE %I SET role = %L', login, :'role') END]) AS statement \gexec
COMMIT;

-- A session keeps the rights that it began with.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN (SELECT login FROM pg_temp.stackwright_lost) \g /dev/null
