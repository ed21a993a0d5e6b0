-- Variable: password. Read where the server asks for none, and begins to with the first statement. Rights are granted by root
-- afterwards: a grant names who granted it, and a read copy refuses one of somebody that it does not know.
FLUSH LOCAL PRIVILEGES;
SET @statement = CONCAT('ALTER USER ''root''@''localhost'' IDENTIFIED BY ', QUOTE(@password));
PREPARE statement FROM @statement;
EXECUTE statement;
