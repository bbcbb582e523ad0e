CREATE TRIGGER @{named}insert AFTER INSERT ON @table
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION @function();
CREATE TRIGGER @{named}update AFTER UPDATE ON @table
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION @function();
CREATE TRIGGER @{named}delete AFTER DELETE ON @table
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION @function();
CREATE TRIGGER @{named}truncate AFTER TRUNCATE ON @table
FOR EACH STATEMENT EXECUTE FUNCTION @function();
-- Also where rows are restored or replicated, which triggers are usually told to leave alone.
ALTER TABLE @table
ENABLE ALWAYS TRIGGER @{named}insert, ENABLE ALWAYS TRIGGER @{named}update,
ENABLE ALWAYS TRIGGER @{named}delete, ENABLE ALWAYS TRIGGER @{named}truncate;
UPDATE monitor.rollups SET origin = @origin WHERE (subject = '') = @of_tasks;
