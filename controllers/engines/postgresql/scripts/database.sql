-- Variables: database, and the names of its groups: owner, readwrite, readonly.
SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY[:'owner', :'readwrite', :'readonly']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- Nobody can connect before PUBLIC has lost its rights.
SELECT format('CREATE DATABASE %I OWNER %I ALLOW_CONNECTIONS false', :'database', :'owner')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"readwrite";
GRANT CONNECT ON DATABASE :"database" TO :"readonly";
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS true', datname)
FROM pg_database WHERE datname = :'database' AND NOT datallowconn \gexec

\connect :"database"
-- The owner may have removed the schema public.
SELECT statement
FROM pg_namespace, unnest(ARRAY[
	format('REVOKE CREATE ON SCHEMA public FROM PUBLIC'),
	format('GRANT USAGE, CREATE ON SCHEMA public TO %I', :'owner'),
	format('GRANT USAGE ON SCHEMA public TO %I, %I', :'readwrite', :'readonly')]) AS statement
WHERE nspname = 'public' \gexec

ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"readwrite", :"readonly";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"readwrite";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO :"readonly";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO :"readwrite";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON SEQUENCES TO :"readonly";
