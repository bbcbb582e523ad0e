-- Counts all tasks anew, in one transaction that sees one snapshot.
DELETE FROM monitor.task_changes;
DELETE FROM monitor.task_counts;
DELETE FROM monitor.task_minutes;
DELETE FROM monitor.task_stages;
DELETE FROM monitor.duration_changes;
DELETE FROM monitor.durations;
INSERT INTO monitor.task_counts (job_id, stage, status, tasks)
SELECT r.parent_job_id, coalesce(r.stage, 0), coalesce(r.status::text, ''), count(*)
FROM app.tasks AS r WHERE r.parent_job_id IS NOT NULL GROUP BY 1, 2, 3;
INSERT INTO monitor.task_minutes (job_id, stage, at, tasks)
SELECT r.parent_job_id, coalesce(r.stage, 0), @ended, count(*)
FROM app.tasks AS r
WHERE r.parent_job_id IS NOT NULL AND @ended > @minutes_from GROUP BY 1, 2, 3;
INSERT INTO monitor.task_stages (job_id, stage, started)
SELECT r.parent_job_id, coalesce(r.stage, 0), min(@begun)
FROM app.tasks AS r WHERE r.parent_job_id IS NOT NULL GROUP BY 1, 2;
INSERT INTO monitor.durations (pipeline, phase, key, cell, hour, tasks, micros)
SELECT pipeline, phase, @cell_key, cell, hour, count(*), sum(micros)
FROM monitor.phase_tasks WHERE micros IS NOT NULL GROUP BY pipeline, phase, cell, hour;
UPDATE monitor.rollups
SET low = pg_snapshot_xmin(pg_current_snapshot()), generation = nextval('monitor.generations'),
    built_at = now(), compacted_at = now(), origin = @origin
WHERE subject = '';
DELETE FROM monitor.invalid WHERE subject = '';
