-- Variables: login, other (the login of the version before or after), database, access and password. Prints the logins whose
-- sessions have more rights than they should.
SET @rights = CASE @access
	WHEN 'Owner' THEN 'ALL PRIVILEGES'
	WHEN 'ReadWrite' THEN 'SELECT, INSERT, UPDATE, DELETE, EXECUTE, SHOW VIEW, CREATE TEMPORARY TABLES, LOCK TABLES'
	WHEN 'ReadOnly' THEN 'SELECT, SHOW VIEW' END;
SET @target = CONCAT('`', REPLACE(@database, '`', '``'), '`.*');
SET @account = CONCAT(QUOTE(@login), '@''%''');
SET @former = IF(EXISTS (SELECT 1 FROM mysql.db WHERE User = @other AND Host = '%' AND Db = @database),
	CONCAT(QUOTE(@other), '@''%'''), NULL);

-- IF NOT EXISTS would fail for a login that made a view.
SET @statement = IF(EXISTS (SELECT 1 FROM mysql.user WHERE User = @login AND Host = '%'), 'DO 0',
	CONCAT('CREATE USER ', @account, ' ACCOUNT LOCK'));
PREPARE statement FROM @statement;
EXECUTE statement;

-- What is not granted any more. The other login keeps its password and its database until it is taken back, but in this database
-- it may do no more than is granted now.
CREATE TEMPORARY TABLE stackwright.held AS
SELECT User AS login, Db <> @database AS elsewhere,
	'Y' IN (Create_priv, Drop_priv, Grant_priv, References_priv, Index_priv, Alter_priv, Create_view_priv, Create_routine_priv,
		Alter_routine_priv, Event_priv, Trigger_priv) AS owns,
	'Y' IN (Insert_priv, Update_priv, Delete_priv, Execute_priv, Create_tmp_table_priv, Lock_tables_priv) AS writes
FROM mysql.db
WHERE Host = '%' AND (User = @login OR User = @other AND Db = @database);
CREATE TEMPORARY TABLE stackwright.lost AS
SELECT DISTINCT login FROM stackwright.held
WHERE elsewhere OR owns AND @access <> 'Owner' OR writes AND @access = 'ReadOnly';

SET @statement = IF(EXISTS (SELECT 1 FROM stackwright.lost WHERE login = @login),
	CONCAT('REVOKE ALL PRIVILEGES, GRANT OPTION FROM ', @account), 'DO 0');
PREPARE statement FROM @statement;
EXECUTE statement;
SET @statement = IF(EXISTS (SELECT 1 FROM stackwright.lost WHERE login = @other),
	CONCAT('REVOKE ALL PRIVILEGES, GRANT OPTION FROM ', @former), 'DO 0');
PREPARE statement FROM @statement;
EXECUTE statement;
SET @statement = CONCAT('GRANT ', @rights, ' ON ', @target, ' TO ', @account);
PREPARE statement FROM @statement;
EXECUTE statement;
-- What one login made runs with its rights (views, routines, triggers), so that both have the same.
SET @statement = IF(@former IS NULL, 'DO 0', CONCAT('GRANT ', @rights, ' ON ', @target, ' TO ', @former));
PREPARE statement FROM @statement;
EXECUTE statement;
SET @statement = CONCAT('ALTER USER ', @account, ' IDENTIFIED BY ', QUOTE(@password), ' PASSWORD EXPIRE NEVER ACCOUNT UNLOCK');
PREPARE statement FROM @statement;
EXECUTE statement;
SELECT login FROM stackwright.lost;
