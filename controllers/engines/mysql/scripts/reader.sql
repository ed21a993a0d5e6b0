-- Variables: password, and transport: what the account must come with. It reads every database but that of the accounts, where the
-- hashes of passwords are. Triggers and events are shown only to whom may make them; tables are locked while a moment begins.
CREATE USER IF NOT EXISTS 'stackwright_backup'@'%' ACCOUNT LOCK;
GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON *.* TO 'stackwright_backup'@'%';
REVOKE SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON mysql.* FROM 'stackwright_backup'@'%';
SET @statement = CONCAT('ALTER USER ''stackwright_backup''@''%'' IDENTIFIED BY ', QUOTE(@password), ' REQUIRE ', @transport,
	' WITH MAX_USER_CONNECTIONS 8 PASSWORD EXPIRE NEVER ACCOUNT UNLOCK');
PREPARE statement FROM @statement;
EXECUTE statement;
