-- Variables: password, and transport: what the account must come with. It sees the counters that the server shows everybody, and
-- how a copy follows; no statement and no table of anybody.
CREATE USER IF NOT EXISTS 'stackwright_metrics'@'%' ACCOUNT LOCK;
GRANT SELECT ON performance_schema.replication_applier_status_by_worker TO 'stackwright_metrics'@'%';
SET @statement = CONCAT('ALTER USER ''stackwright_metrics''@''%'' IDENTIFIED BY ', QUOTE(@password), ' REQUIRE ', @transport,
	' WITH MAX_USER_CONNECTIONS 3 PASSWORD EXPIRE NEVER ACCOUNT UNLOCK');
PREPARE statement FROM @statement;
EXECUTE statement;
