-- Variables: host, port, password, and authority: the file that the primary is checked with; empty without encryption.
SET @security = IF(@authority = '', 'SOURCE_SSL = 0, GET_SOURCE_PUBLIC_KEY = 1',
	CONCAT('SOURCE_SSL = 1, SOURCE_SSL_VERIFY_SERVER_CERT = 1, SOURCE_SSL_CA = ', QUOTE(@authority)));
SET @statement = CONCAT('CHANGE REPLICATION SOURCE TO SOURCE_HOST = ', QUOTE(@host), ', SOURCE_PORT = ', @port,
	', SOURCE_USER = ''stackwright_replication'', SOURCE_PASSWORD = ', QUOTE(@password), ', SOURCE_AUTO_POSITION = 1',
	', SOURCE_CONNECT_RETRY = 5, SOURCE_RETRY_COUNT = 0, SOURCE_HEARTBEAT_PERIOD = 10, ', @security);
PREPARE statement FROM @statement;
EXECUTE statement;
