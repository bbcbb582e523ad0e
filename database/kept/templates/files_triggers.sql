CREATE TRIGGER @insert_trigger AFTER INSERT ON app.etl_source_files
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION @files_changed();
CREATE TRIGGER @update_trigger AFTER UPDATE ON app.etl_source_files
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION @files_changed();
CREATE TRIGGER @delete_trigger AFTER DELETE ON app.etl_source_files
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION @files_changed();
CREATE TRIGGER @truncate_trigger AFTER TRUNCATE ON app.etl_source_files
FOR EACH STATEMENT EXECUTE FUNCTION @files_changed();
