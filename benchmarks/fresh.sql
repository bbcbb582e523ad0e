-- Moves the work of the newest hour of :files files by :shift. The files of a group have ids in a row.
UPDATE app.etl_source_files
SET phase1_completed_at = phase1_completed_at + CAST(:shift AS interval),
    updated_at = updated_at + CAST(:shift AS interval)
WHERE id > CAST(:files * 0.6 * 23 / 24 AS integer) AND id <= ceil(:files / 8.0) * 8 * 0.6
  AND phase1_completed_at IS NOT NULL;

UPDATE app.etl_source_files
SET phase2_completed_at = phase2_completed_at + CAST(:shift AS interval),
    updated_at = updated_at + CAST(:shift AS interval)
WHERE id > CAST(:files * 0.1 AS integer) AND id <= CAST(:files * 0.21 AS integer)
  AND phase2_completed_at > (SELECT min(created_at) + interval '1 minute' FROM app.jobs
                             WHERE status = 'processing');

UPDATE app.tasks
SET execution_started_at = execution_started_at + CAST(:shift AS interval),
    created_at = created_at + CAST(:shift AS interval),
    updated_at = updated_at + CAST(:shift AS interval),
    heartbeat = heartbeat + CAST(:shift AS interval)
WHERE parent_job_id IN (SELECT job_id FROM app.jobs WHERE status = 'processing');

UPDATE app.jobs
SET created_at = created_at + CAST(:shift AS interval),
    updated_at = updated_at + CAST(:shift AS interval)
WHERE status = 'processing';
