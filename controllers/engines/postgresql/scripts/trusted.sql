-- Variable: name. Something, where whoever owns a database may make the extension.
SELECT 1 FROM pg_available_extension_versions WHERE name = :'name' AND trusted LIMIT 1;
