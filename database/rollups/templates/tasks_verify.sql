-- Tasks whose rollups differ from a full count: what, rollup, counted.
WITH counted AS (
    SELECT r.parent_job_id::text AS job_id, coalesce(r.stage, 0) AS stage,
           coalesce(r.status::text, '') AS status, count(*) AS tasks
    FROM app.tasks AS r WHERE r.parent_job_id IS NOT NULL GROUP BY 1, 2, 3
), rollup AS (
    SELECT job_id, stage, status, sum(tasks) AS tasks
    FROM (SELECT job_id, stage, status, tasks FROM monitor.task_counts
          UNION ALL SELECT job_id, stage, status, tasks FROM monitor.task_changes) AS part
    GROUP BY job_id, stage, status
), counted_at AS (
    SELECT r.parent_job_id::text AS job_id, coalesce(r.stage, 0) AS stage, @ended AS at,
           count(*) AS tasks
    FROM app.tasks AS r WHERE r.parent_job_id IS NOT NULL AND @ended > @checked_from GROUP BY 1, 2, 3
), rollup_at AS (
    SELECT job_id, stage, at, sum(tasks) AS tasks
    FROM (SELECT job_id, stage, at, tasks FROM monitor.task_minutes
          UNION ALL SELECT job_id, stage, at, tasks FROM monitor.task_changes) AS part
    WHERE at > @checked_from GROUP BY job_id, stage, at
), rows AS (
    @phase_rows
), counted_time AS (
    SELECT pipeline, phase, cell::text AS cell, hour, count(*) AS tasks, sum(micros) AS micros
    FROM monitor.phase_tasks WHERE micros IS NOT NULL GROUP BY pipeline, phase, cell, hour
), rollup_time AS (
    SELECT pipeline, phase, cell::text AS cell, hour, sum(tasks) AS tasks, sum(micros) AS micros
    FROM (SELECT pipeline, phase, cell, hour, tasks, micros FROM monitor.durations
          UNION ALL SELECT pipeline, phase, cell, hour, tasks, micros
          FROM monitor.duration_changes) AS part
    GROUP BY pipeline, phase, cell, hour
)
SELECT 'tasks of job ' || job_id || ' stage ' || stage || ' ' || status, rollup.tasks::text,
       counted.tasks::text
FROM rollup FULL JOIN counted USING (job_id, stage, status)
WHERE coalesce(rollup.tasks, 0) <> coalesce(counted.tasks, 0)
UNION ALL
SELECT 'tasks of job ' || job_id || ' stage ' || stage || ' ended at ' || at, rollup_at.tasks::text,
       counted_at.tasks::text
FROM rollup_at FULL JOIN counted_at USING (job_id, stage, at)
WHERE coalesce(rollup_at.tasks, 0) <> coalesce(counted_at.tasks, 0)
UNION ALL
-- Where its files were is a fact of when it ended; the rest is of now.
SELECT 'task ' || coalesce(held.task_id, rows.task_id), (held.grp, held.within, held.status, held.micros)::text,
       (rows.grp, rows.within, rows.status, rows.micros)::text
FROM monitor.phase_tasks AS held
FULL JOIN rows ON rows.task_id = held.task_id AND rows.pipeline = held.pipeline
                  AND rows.phase = held.phase
WHERE (held.grp, held.within, held.status, held.created_at, held.untimed, held.hour,
       held.micros)
      IS DISTINCT FROM
      (rows.grp, rows.within, rows.status, rows.created_at, rows.untimed, rows.hour, rows.micros)
UNION ALL
SELECT 'durations of ' || rollup_time.pipeline || ' phase ' || rollup_time.phase || ' at '
       || rollup_time.hour, (rollup_time.tasks, rollup_time.micros)::text,
       (counted_time.tasks, counted_time.micros)::text
FROM rollup_time LEFT JOIN counted_time
     ON counted_time.pipeline = rollup_time.pipeline AND counted_time.phase = rollup_time.phase
        AND counted_time.cell IS NOT DISTINCT FROM rollup_time.cell
        AND counted_time.hour = rollup_time.hour
WHERE (rollup_time.tasks, rollup_time.micros)
      IS DISTINCT FROM (coalesce(counted_time.tasks, 0), coalesce(counted_time.micros, 0))
