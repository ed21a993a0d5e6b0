-- Variables: host, port, password, folder, and authority: the file that the primary is checked with; empty without encryption.
-- What this prints is run: the statement cannot be prepared.
SELECT CONCAT('SET GLOBAL clone_valid_donor_list = ', QUOTE(CONCAT(@host, ':', @port)), ';');
SELECT CONCAT('SET GLOBAL clone_ssl_ca = ', QUOTE(@authority), ';') FROM (SELECT 1) AS once WHERE @authority <> '';
SELECT CONCAT('CLONE INSTANCE FROM ''stackwright_replication''@', QUOTE(@host), ':', @port, ' IDENTIFIED BY ', QUOTE(@password),
	' DATA DIRECTORY = ', QUOTE(@folder), ' REQUIRE ', IF(@authority = '', 'NO SSL', 'SSL'), ';');
