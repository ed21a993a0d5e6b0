-- Variable: replicas. Drops the slots of read copies that are gone, and tells how many are left.
BEGIN;
\ir current.sql
SELECT pg_terminate_backend(active_pid)
FROM pg_replication_slots
WHERE active AND slot_name ~ '^stackwright_replica_[0-9]+$' AND substring(slot_name FROM '[0-9]+$')::int >= :replicas \g /dev/null
SELECT pg_drop_replication_slot(slot_name)
FROM pg_replication_slots
WHERE NOT active AND slot_name ~ '^stackwright_replica_[0-9]+$' AND substring(slot_name FROM '[0-9]+$')::int >= :replicas
\g /dev/null
COMMIT;
SELECT count(*)
FROM pg_replication_slots
WHERE slot_name ~ '^stackwright_replica_[0-9]+$' AND substring(slot_name FROM '[0-9]+$')::int >= :replicas;
