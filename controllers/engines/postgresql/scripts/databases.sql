-- The databases of consumers, those of stacks that left among them.
SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres' ORDER BY datname;
