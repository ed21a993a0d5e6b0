-- The databases of consumers, those of stacks that left among them.
SELECT schema_name FROM information_schema.schemata
WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema', 'ndbinfo', 'stackwright')
ORDER BY HEX(schema_name);
