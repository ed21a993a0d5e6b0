-- Variable: plan. The last Job that began is the one whose plan counts; current.sql stops any other.
BEGIN;
SELECT pg_advisory_xact_lock(5432) \g /dev/null
COMMENT ON DATABASE postgres IS :'plan';
COMMIT;
