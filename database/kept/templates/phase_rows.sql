SELECT r.task_id, known.pipeline, known.phase, known.grp, coalesce(r.status::text, '') AS status,
       r.created_at, timed.cell, timed.hour, timed.micros
FROM app.tasks AS r
CROSS JOIN LATERAL (
    SELECT * FROM (VALUES @phase_groups) AS phase (task_type, pipeline, phase, grp)
    WHERE phase.task_type = r.task_type
) AS known
LEFT JOIN LATERAL (
    SELECT @cell_of_group AS cell, date_trunc('hour', r.updated_at) AS hour,
           -- Also here: it may be reckoned before rows are left out.
           CASE WHEN @is_timed
                THEN round(extract(epoch FROM @duration) * 1000000)::bigint
                END AS micros
    WHERE r.status::text = 'completed' AND @is_timed
) AS timed ON true
