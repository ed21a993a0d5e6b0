-- Variables: source, the primary that the copy was made of, and there: the identity of the primary, what it has done and what it
-- keeps no record of any more.
SET @identity = SUBSTRING_INDEX(@there, CHAR(9 USING utf8mb4), 1);
SET @done = SUBSTRING_INDEX(SUBSTRING_INDEX(@there, CHAR(9 USING utf8mb4), 2), CHAR(9 USING utf8mb4), -1);
SET @purged = SUBSTRING_INDEX(@there, CHAR(9 USING utf8mb4), -1);
SELECT CASE
	WHEN NOT GTID_SUBSET(@@global.gtid_executed, @done) AND @identity = @source THEN 'own'
	WHEN @identity <> @source THEN 'other'
	WHEN NOT GTID_SUBSET(@purged, @@global.gtid_executed) THEN 'behind'
	ELSE 'follows' END;
