-- Variable: database. Prints the statement that locks its tables against writes, which cannot be prepared.
SET SESSION group_concat_max_len = 67108864;
SELECT COALESCE(CONCAT('LOCK TABLES ', GROUP_CONCAT('`', REPLACE(table_schema, '`', '``'), '`.`', REPLACE(table_name, '`', '``'), '` READ'), ';'), 'DO 0;')
FROM information_schema.tables WHERE table_schema = @database AND table_type = 'BASE TABLE';
