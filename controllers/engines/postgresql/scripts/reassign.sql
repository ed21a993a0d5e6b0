-- Variables: database, owner.
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
