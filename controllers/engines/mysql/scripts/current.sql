-- Variable: plan. An older Job that is still about must not undo what a later one did. The lock is held until the session ends:
-- no other Job begins before. The procedures do not exist; their names are the message.
SET @locked = GET_LOCK('stackwright', 120) <=> 1;
SET @current = EXISTS (SELECT 1 FROM stackwright.plan WHERE id = 1 AND hash = @plan);
SET @statement = CASE
	WHEN NOT @locked THEN 'CALL stackwright.`another job holds the lock`()'
	WHEN NOT @current THEN 'CALL stackwright.`a job with another plan has begun`()'
	ELSE 'DO 0' END;
PREPARE statement FROM @statement;
EXECUTE statement;
