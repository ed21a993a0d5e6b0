-- Variable: database. Prints a statement for each table, which tells its name, the number of its rows, and a sum of their hashes that
-- does not depend on their order. What is computed from other columns is left out.
SET SESSION group_concat_max_len = 67108864;
SELECT CONCAT('SELECT ', QUOTE(table_name), ', COUNT(*), COALESCE(SUM(CAST(CONV(LEFT(SHA2(CONCAT('''', ',
	GROUP_CONCAT(IF(generation_expression = '', CONCAT('COALESCE(SHA2(`', REPLACE(column_name, '`', '``'), '`, 256), ''-'')'), '''''')
		ORDER BY ordinal_position SEPARATOR ', '),
	'), 256), 15), 16, 10) AS UNSIGNED)), 0) FROM `', REPLACE(table_schema, '`', '``'), '`.`', REPLACE(table_name, '`', '``'), '`;')
FROM information_schema.tables JOIN information_schema.columns USING (table_schema, table_name)
WHERE table_schema = @database AND table_type = 'BASE TABLE'
GROUP BY table_schema, table_name ORDER BY HEX(table_name);
