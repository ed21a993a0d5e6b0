-- Variable: login. What was restored goes on running with the rights of the account; nobody logs in with it.
SET @statement = CONCAT('ALTER USER ', QUOTE(@login), '@''localhost'' ACCOUNT LOCK');
PREPARE statement FROM @statement;
EXECUTE statement;
