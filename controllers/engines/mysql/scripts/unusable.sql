-- Variable: database. The views that answer nothing: what they read is gone.
SELECT table_name FROM information_schema.tables
WHERE table_schema = @database AND table_type = 'VIEW' AND table_comment <> 'VIEW';
