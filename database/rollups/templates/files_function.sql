CREATE OR REPLACE FUNCTION monitor.files_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @files_changed_body;
