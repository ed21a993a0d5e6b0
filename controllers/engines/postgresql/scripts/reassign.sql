-- Variables: database, owner, readwrite, readonly.
-- A login works as its group, so that what it makes belongs to the group; a connection pool that resets its sessions undoes
-- that. What a login came to own all the same goes to the group: the next login must be able to change it.
\connect :"database"
SELECT format('REASSIGN OWNED BY %I TO %I', member.rolname, :'owner')
FROM pg_auth_members AS m
JOIN pg_roles AS granted ON granted.oid = m.roleid
JOIN pg_roles AS member ON member.oid = m.member
WHERE granted.rolname = :'owner' AND NOT member.rolsuper
AND EXISTS (
	SELECT FROM pg_shdepend AS d JOIN pg_database ON pg_database.oid = d.dbid
	WHERE datname = current_database() AND d.refclassid = 'pg_authid'::regclass AND d.refobjid = member.oid AND d.deptype = 'o'
) \gexec

-- The default privileges of the group did not reach what was made so; it has no privileges at all.
SELECT statement
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace JOIN pg_roles AS o ON o.oid = relowner,
	unnest(CASE relkind
		WHEN 'S' THEN ARRAY[
			format('GRANT USAGE, SELECT, UPDATE ON SEQUENCE %I.%I TO %I', nspname, relname, :'readwrite'),
			format('GRANT SELECT ON SEQUENCE %I.%I TO %I', nspname, relname, :'readonly')]
		ELSE ARRAY[
			format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I', nspname, relname, :'readwrite'),
			format('GRANT SELECT ON %I.%I TO %I', nspname, relname, :'readonly')] END) AS statement
WHERE o.rolname = :'owner' AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relacl IS NULL AND nspname !~ '^pg_' \gexec
SELECT format('GRANT USAGE ON SCHEMA %I TO %I, %I', nspname, :'readwrite', :'readonly')
FROM pg_namespace AS n JOIN pg_roles AS o ON o.oid = nspowner
WHERE o.rolname = :'owner' AND nspacl IS NULL AND nspname !~ '^pg_' \gexec
