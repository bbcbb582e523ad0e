-- Refreshes the rollup rows of some tasks: those that are gone are forgotten.
BEGIN
    INSERT INTO monitor.duration_changes (pipeline, phase, cell, hour, tasks, micros)
    SELECT pipeline, phase, cell, hour, -count(*), -sum(micros) FROM monitor.phase_tasks
    WHERE task_id = ANY (ids) AND micros IS NOT NULL GROUP BY pipeline, phase, cell, hour;
    DELETE FROM monitor.phase_tasks AS rollup
    WHERE task_id = ANY (ids) AND NOT EXISTS (
        SELECT FROM app.tasks AS r JOIN (VALUES @phases) AS known (task_type, pipeline, phase)
        ON known.task_type = r.task_type
        WHERE r.task_id = rollup.task_id AND known.pipeline = rollup.pipeline
          AND known.phase = rollup.phase);
    INSERT INTO monitor.phase_tasks AS rollup
           (task_id, pipeline, phase, grp, within, status, created_at, untimed, cell, hour,
            micros)
    @phase_rows
    WHERE r.task_id = ANY (ids)
    ON CONFLICT (task_id, pipeline, phase) DO UPDATE
    SET grp = excluded.grp, within = excluded.within, status = excluded.status,
        created_at = excluded.created_at, untimed = excluded.untimed, cell = excluded.cell, hour = excluded.hour, micros = excluded.micros;
    INSERT INTO monitor.duration_changes (pipeline, phase, cell, hour, tasks, micros)
    SELECT pipeline, phase, cell, hour, count(*), sum(micros) FROM monitor.phase_tasks
    WHERE task_id = ANY (ids) AND micros IS NOT NULL GROUP BY pipeline, phase, cell, hour;
END
