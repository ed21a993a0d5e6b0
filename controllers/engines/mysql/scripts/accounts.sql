-- The accounts that run the server. Read by initdb.sh as root, through a socket that only its container sees. Variables: password,
-- replication_password, probe_password, and transport: what the accounts that come from other pods must come with.
CREATE USER IF NOT EXISTS 'stackwright_admin'@'%' ACCOUNT LOCK;
CREATE USER IF NOT EXISTS 'stackwright_replication'@'%' ACCOUNT LOCK;
CREATE USER IF NOT EXISTS 'stackwright_probe'@'localhost' ACCOUNT LOCK;

SET @statement = CONCAT('ALTER USER ''stackwright_admin''@''%'' IDENTIFIED BY ', QUOTE(@password),
	' REQUIRE ', @transport, ' PASSWORD EXPIRE NEVER ACCOUNT UNLOCK');
PREPARE statement FROM @statement;
EXECUTE statement;
SET @statement = CONCAT('ALTER USER ''stackwright_replication''@''%'' IDENTIFIED BY ', QUOTE(@replication_password),
	' REQUIRE ', @transport, ' PASSWORD EXPIRE NEVER ACCOUNT UNLOCK');
PREPARE statement FROM @statement;
EXECUTE statement;
SET @statement = CONCAT('ALTER USER ''stackwright_probe''@''localhost'' IDENTIFIED BY ', QUOTE(@probe_password),
	' WITH MAX_USER_CONNECTIONS 10 PASSWORD EXPIRE NEVER ACCOUNT UNLOCK');
PREPARE statement FROM @statement;
EXECUTE statement;

-- What the Job needs: it makes databases and accounts, hands out rights on databases, and ends sessions. It reads no files and
-- stops no server.
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE,
	CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER, CREATE USER, PROCESS
	ON *.* TO 'stackwright_admin'@'%' WITH GRANT OPTION;
GRANT CONNECTION_ADMIN ON *.* TO 'stackwright_admin'@'%';
-- A read copy is seeded by the clone plugin and follows the binary log.
GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO 'stackwright_replication'@'%';
GRANT REPLICATION CLIENT ON *.* TO 'stackwright_probe'@'localhost';
