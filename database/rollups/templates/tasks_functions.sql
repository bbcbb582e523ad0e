CREATE OR REPLACE FUNCTION monitor.tasks_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @tasks_changed_body;

CREATE OR REPLACE FUNCTION monitor.refresh_phase_tasks(ids text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS @refresh_phase_tasks_body;

CREATE OR REPLACE FUNCTION monitor.compact_tasks() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET synchronous_commit = off AS @compact_tasks_body;
