-- Variables: extension, and the names of the groups of this database: owner, readwrite, readonly. Makes one extension as the administrator.
\set VERBOSITY terse
BEGIN;
SELECT 'CREATE SCHEMA extensions' WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'extensions') \gexec

-- The script of an extension is run by the administrator and finds things by name in these schemas: in its own, and in those of
-- extensions that it requires. What somebody else put there would be run too.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = :'extension' AND extowner <> current_user::regrole) AS foreign_owner \gset
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END', format(
	'the schema %s belongs to %s, and what is in it would be run by the administrator: rename or drop it%s', n.nspname, nspowner::regrole,
	', or have the extension in it made by spec.extensions, before this one')))
FROM pg_namespace AS n
WHERE nspowner <> current_user::regrole AND (nspname = 'extensions' OR NOT :'foreign_owner' AND EXISTS (
	SELECT FROM pg_available_extension_versions AS v JOIN pg_available_extensions AS a ON a.name = v.name AND a.default_version = v.version
	WHERE v.name = :'extension' AND (n.nspname = v.schema OR n.oid IN (SELECT extnamespace FROM pg_extension WHERE extname = ANY (v.requires)))))
LIMIT 1 \gexec

GRANT USAGE ON SCHEMA extensions TO :"owner", :"readwrite", :"readonly";
-- Some have a schema that is theirs.
SELECT format('CREATE EXTENSION %I', :'extension') || CASE WHEN EXISTS (
	SELECT FROM pg_available_extension_versions AS v JOIN pg_available_extensions AS a ON a.name = v.name AND a.default_version = v.version
	WHERE v.name = :'extension' AND v.schema IS NOT NULL) THEN '' ELSE ' WITH SCHEMA extensions' END
WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = :'extension') \gexec

-- An extension that a stack made itself stays as it is, and where it is.
SELECT format('ALTER EXTENSION %I UPDATE', extname)
FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace JOIN pg_available_extensions ON name = extname,
	pg_extension_update_paths(extname) AS p
WHERE extname = :'extension' AND extowner = current_user::regrole AND nspowner = extowner
AND extversion <> default_version AND p.source = extversion AND p.target = default_version AND p.path IS NOT NULL \gexec

-- What an extension is told by rows. No triggers: those of its owner would be run by whoever writes a row, the administrator too.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA extensions TO :"owner";
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA extensions TO :"owner";
GRANT SELECT ON ALL TABLES IN SCHEMA extensions TO :"readwrite", :"readonly";
GRANT SELECT ON ALL SEQUENCES IN SCHEMA extensions TO :"readwrite", :"readonly";

-- Names are found there after those of the stack. A search path that the owner chose stays.
SELECT current_database() AS database, NOT EXISTS (
	SELECT FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase, unnest(setconfig) AS setting
	WHERE datname = current_database() AND setrole = 0 AND setting LIKE 'search\_path=%') AS unset,
	coalesce((SELECT setting FROM pg_file_settings WHERE name = 'search_path' ORDER BY seqno DESC LIMIT 1), '"$user", public') AS path \gset
\if :unset
SELECT set_config('search_path', :'path' || ', extensions', true) \g /dev/null
ALTER DATABASE :"database" SET search_path FROM CURRENT;
\endif
COMMIT;
