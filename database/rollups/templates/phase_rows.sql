SELECT r.task_id, known.pipeline, known.phase, known.grp, spelled.within,
       coalesce(r.status::text, '') AS status, r.created_at,
       r.status::text = 'completed' AND r.updated_at IS NOT NULL
           AND r.execution_started_at IS NOT NULL AND (@is_timed) IS NOT TRUE AS untimed,
       timed.cell, timed.hour, timed.micros
FROM app.tasks AS r
CROSS JOIN LATERAL (
    SELECT * FROM (VALUES @phase_groups) AS phase (task_type, pipeline, phase, grp, path)
    WHERE phase.task_type = r.task_type
) AS known
CROSS JOIN LATERAL (
    SELECT CASE WHEN known.path IS NOT NULL THEN nullif(lower(btrim(coalesce(
        r.parameters #>> known.path,
        (SELECT job.parameters #>> known.path FROM app.jobs AS job
         WHERE job.job_id = r.parent_job_id)))), '') END AS within
) AS spelled
LEFT JOIN LATERAL (
    SELECT @cell_of_group AS cell, date_trunc('hour', r.updated_at) AS hour,
           -- Also here: it may be reckoned before rows are left out.
           CASE WHEN @is_timed
                THEN round(extract(epoch FROM @duration) * 1000000)::bigint
                END AS micros
    WHERE r.status::text = 'completed' AND @is_timed
) AS timed ON true
