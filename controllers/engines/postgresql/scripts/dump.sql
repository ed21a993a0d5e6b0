-- Everything here sees one moment: the dump, and the rows that are counted beside it.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
\! pg_dump -w -Fc --lock-wait-timeout=60s --snapshot="$SNAPSHOT" -f "$DUMP.new" >&2 && mv "$DUMP.new" "$DUMP"
\ir rows.sql
COMMIT;
