-- Variable: login. Nothing is dropped: what it made may run with its rights.
SET @statement = IF(EXISTS (SELECT 1 FROM mysql.user WHERE User = @login AND Host = '%'),
	CONCAT('ALTER USER ', QUOTE(@login), '@''%'' IDENTIFIED BY ', QUOTE(HEX(RANDOM_BYTES(32))), ' ACCOUNT LOCK'), 'DO 0');
PREPARE statement FROM @statement;
EXECUTE statement;
SELECT @login;
