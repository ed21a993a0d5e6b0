-- Variable: plan. The last Job that began is the one whose plan counts; current.sql stops any other.
CREATE DATABASE IF NOT EXISTS stackwright;
CREATE TABLE IF NOT EXISTS stackwright.plan (id TINYINT PRIMARY KEY, hash VARCHAR(64) NOT NULL);
SET @statement = IF(GET_LOCK('stackwright', 120) <=> 1, 'DO 0', 'CALL stackwright.`another job holds the lock`()');
PREPARE statement FROM @statement;
EXECUTE statement;
REPLACE INTO stackwright.plan VALUES (1, @plan);
