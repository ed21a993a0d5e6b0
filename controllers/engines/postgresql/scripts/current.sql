-- Variable: plan. Read inside a transaction: an older Job that is still about must not undo what a later one did.
SELECT pg_advisory_xact_lock_shared(5432) \g /dev/null
SELECT format('DO %L', 'BEGIN RAISE EXCEPTION ''a job with another plan has begun''; END')
FROM pg_database
WHERE datname = 'postgres' AND shobj_description(oid, 'pg_database') IS DISTINCT FROM :'plan' \gexec
