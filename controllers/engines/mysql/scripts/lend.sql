-- Variables: database, login and password. The account that a database is restored by has all rights in it and none elsewhere, and is
-- known inside the pod only.
SET @account = CONCAT(QUOTE(@login), '@''localhost''');
SET @statement = CONCAT('CREATE USER ', @account, ' IDENTIFIED BY ', QUOTE(@password), ' PASSWORD EXPIRE NEVER');
PREPARE statement FROM @statement;
EXECUTE statement;
SET @statement = CONCAT('GRANT ALL PRIVILEGES ON `', REPLACE(@database, '`', '``'), '`.* TO ', @account);
PREPARE statement FROM @statement;
EXECUTE statement;
