-- Variable: database.
SET @statement = CONCAT('CREATE DATABASE IF NOT EXISTS `', REPLACE(@database, '`', '``'), '`');
PREPARE statement FROM @statement;
EXECUTE statement;
