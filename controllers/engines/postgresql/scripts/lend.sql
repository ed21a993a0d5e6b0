-- Variable: owner. Standard input names the roles that privileges in the dump may go to: those that are missing are made without a
-- login. The owner may log in while its database is restored.
CREATE TEMPORARY TABLE stackwright_roles (name text);
\copy pg_temp.stackwright_roles FROM pstdin
SELECT format('CREATE ROLE %I', name) FROM pg_temp.stackwright_roles
WHERE name ~ '^[a-z][a-z0-9_]{0,62}$' AND name !~ '^(pg|stackwright)_' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE :"owner" LOGIN;
