-- The schemas that extensions stand in: nothing else of the administrator is there before the rest of an archive comes. The empty line is
-- none, and there is always one to read.
SELECT nspname FROM pg_namespace WHERE nspowner = current_user::regrole AND nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL SELECT '';
