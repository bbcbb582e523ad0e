CREATE TRIGGER monitor_tasks_insert AFTER INSERT ON app.tasks
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION monitor.tasks_changed();
CREATE TRIGGER monitor_tasks_update AFTER UPDATE ON app.tasks
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION monitor.tasks_changed();
CREATE TRIGGER monitor_tasks_delete AFTER DELETE ON app.tasks
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION monitor.tasks_changed();
CREATE TRIGGER monitor_tasks_truncate AFTER TRUNCATE ON app.tasks
FOR EACH STATEMENT EXECUTE FUNCTION monitor.tasks_changed();
