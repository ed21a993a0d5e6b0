-- Variables: extension, and the names of the groups of this database: owner, readwrite, readonly. Makes one extension as the administrator.
\set VERBOSITY terse
BEGIN;
SELECT 'CREATE SCHEMA extensions' WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'extensions') \gexec
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = :'extension') AS there,
	EXISTS (SELECT FROM pg_extension WHERE extname = :'extension' AND extowner <> current_user::regrole) AS foreign_owner \gset
CREATE TEMPORARY TABLE stackwright_version ON COMMIT DROP AS
SELECT v.schema, v.requires
FROM pg_available_extension_versions AS v JOIN pg_available_extensions AS a ON a.name = v.name AND a.default_version = v.version
WHERE v.name = :'extension' AND NOT :'foreign_owner';

-- Some have a schema that is theirs. Nobody else makes one of that name before this has ended, for the name is taken until then.
SELECT statement FROM pg_temp.stackwright_version, unnest(ARRAY['CREATE SCHEMA', 'DROP SCHEMA']) AS verb, format('%s %I', verb, schema) AS statement
WHERE schema IS NOT NULL AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = schema) ORDER BY statement \gexec

-- The script of an extension is run by the administrator and finds things by name in these schemas: in its own, and in those of
-- extensions that it requires, which their owners can move. What somebody else put there would be run too.
SELECT format('DO %L', format('BEGIN RAISE EXCEPTION USING MESSAGE = %L; END', reason))
FROM (
	SELECT format('the schema %s belongs to %s, and what is in it would be run by the administrator: rename or drop it', nspname, nspowner::regrole)
	FROM pg_namespace
	WHERE nspowner <> current_user::regrole AND (nspname = 'extensions' OR nspname IN (SELECT schema FROM pg_temp.stackwright_version))
	UNION ALL
	SELECT format('it requires %s: name that in spec.extensions too, before this one', name)
	FROM pg_temp.stackwright_version, unnest(requires) AS name
	WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = name)
	UNION ALL
	SELECT format('it requires %s, which belongs to %s: drop that, and have it made by spec.extensions, before this one', extname, extowner::regrole)
	FROM pg_temp.stackwright_version, pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace
	WHERE extname = ANY (requires) AND (extowner <> current_user::regrole OR nspowner <> current_user::regrole)
) AS refusal (reason)
LIMIT 1 \gexec

GRANT USAGE ON SCHEMA extensions TO :"owner", :"readwrite", :"readonly";
SELECT format('CREATE EXTENSION %I', :'extension') ||
	CASE WHEN EXISTS (SELECT FROM pg_temp.stackwright_version WHERE schema IS NOT NULL) THEN '' ELSE ' WITH SCHEMA extensions' END
WHERE NOT :'there' \gexec

-- An extension that a stack made itself stays as it is, and where it is.
SELECT format('ALTER EXTENSION %I UPDATE', extname)
FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace JOIN pg_available_extensions ON name = extname,
	pg_extension_update_paths(extname) AS p
WHERE extname = :'extension' AND extowner = current_user::regrole AND nspowner = extowner
AND extversion <> default_version AND p.source = extversion AND p.target = default_version AND p.path IS NOT NULL \gexec

-- What an extension is told by rows: tables that a backup has. A restore writes them as the owner. No triggers: those of its owner
-- would be run by whoever writes a row, the administrator too. And no views: through some, rows of the system could be written.
SELECT statement
FROM pg_extension, unnest(extconfig) AS config JOIN pg_class AS c ON c.oid = config JOIN pg_namespace AS n ON n.oid = relnamespace,
	unnest(ARRAY[
		format('GRANT USAGE ON SCHEMA %I TO %I', nspname, :'owner'),
		CASE relkind WHEN 'S' THEN format('GRANT USAGE, SELECT, UPDATE ON SEQUENCE %I.%I TO %I', nspname, relname, :'owner')
		ELSE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %I.%I TO %I', nspname, relname, :'owner') END,
		format('GRANT SELECT ON %I.%I TO %I, %I', nspname, relname, :'readwrite', :'readonly')]) AS statement
WHERE extname = :'extension' AND extowner = current_user::regrole AND relowner = extowner AND relkind IN ('r', 'p', 'S') \gexec

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
