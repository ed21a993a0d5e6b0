-- The roles that objects and their privileges may name.
SELECT rolname FROM pg_roles WHERE rolname ~ '^[a-z][a-z0-9_]*$' AND rolname !~ '^(pg|stackwright)_' AND rolname <> 'postgres'
ORDER BY rolname COLLATE "C";
