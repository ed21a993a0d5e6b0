-- One line for each table: its name, the number of its rows, and a sum of their hashes that does not depend on their order. The
-- functions are those of the system: no cast or operator that the owner of a table made is run.
SELECT format(
	'SELECT %L, count(*), coalesce(sum(hashtextextended(textin(record_out(t)), 0)::numeric), 0) FROM ONLY %I.%I AS t',
	format('%I.%I', nspname, relname), nspname, relname)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
SELECT 'large objects', count(*), 0 FROM pg_largeobject_metadata;
