-- The roles that run the server. Read by initdb.sh, through a socket that only its container sees.
\set superuser_password `cat "$CREDENTIALS/password"`
\set replication_password `cat "$CREDENTIALS/replication-password"`
\set probe_password `cat "$CREDENTIALS/probe-password"`

BEGIN;
SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['stackwright_replication', 'stackwright_probe']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE postgres PASSWORD :'superuser_password';
ALTER ROLE stackwright_replication LOGIN REPLICATION PASSWORD :'replication_password';
ALTER ROLE stackwright_probe LOGIN CONNECTION LIMIT 10 PASSWORD :'probe_password';

-- The state of replication is hidden from other roles.
GRANT pg_read_all_stats TO stackwright_probe;

-- Consumers connect to their own databases only.
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO stackwright_replication, stackwright_probe;
COMMIT;
