DECLARE
    since xid8;
    reached xid8;
    compacted bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(@lock_class, 0) THEN
        RETURN NULL;
    END IF;
    SELECT low INTO since FROM monitor.rollups WHERE subject = '';
    reached := pg_snapshot_xmin(pg_current_snapshot());
    IF NOT EXISTS (SELECT FROM monitor.task_changes WHERE xid >= since)
       AND NOT EXISTS (SELECT FROM monitor.duration_changes WHERE xid >= since) THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM monitor.task_changes WHERE xid >= since
        RETURNING job_id, stage, status, at, tasks, started, lost
    ), counts AS (
        INSERT INTO monitor.task_counts AS rollup (job_id, stage, status, tasks)
        SELECT job_id, stage, status, sum(tasks) FROM gone
        GROUP BY job_id, stage, status HAVING sum(tasks) <> 0
        ON CONFLICT (job_id, stage, status) DO UPDATE SET tasks = rollup.tasks + excluded.tasks
    ), minutes AS (
        INSERT INTO monitor.task_minutes AS rollup (job_id, stage, at, tasks)
        SELECT job_id, stage, at, sum(tasks) FROM gone WHERE at > @minutes_from
        GROUP BY job_id, stage, at HAVING sum(tasks) <> 0
        ON CONFLICT (job_id, stage, at) DO UPDATE SET tasks = rollup.tasks + excluded.tasks
    ), begun AS (
        SELECT job_id, stage, min(started) AS started, min(lost) AS lost FROM gone
        GROUP BY job_id, stage HAVING min(started) IS NOT NULL OR min(lost) IS NOT NULL
    ), stages AS (
        INSERT INTO monitor.task_stages AS rollup (job_id, stage, started)
        SELECT begun.job_id, begun.stage, @started
        FROM begun LEFT JOIN monitor.task_stages AS before
             ON before.job_id = begun.job_id AND before.stage = begun.stage
        ON CONFLICT (job_id, stage) DO UPDATE SET started = excluded.started
        WHERE rollup.started IS DISTINCT FROM excluded.started
    )
    SELECT count(*) INTO compacted FROM gone;
    WITH gone AS (
        DELETE FROM monitor.duration_changes WHERE xid >= since
        RETURNING pipeline, phase, cell, hour, tasks, micros
    )
    INSERT INTO monitor.durations AS rollup (pipeline, phase, key, cell, hour, tasks, micros)
    SELECT pipeline, phase, @cell_key, cell, hour, sum(tasks), sum(micros)
    FROM gone GROUP BY pipeline, phase, cell, hour HAVING sum(tasks) <> 0 OR sum(micros) <> 0
    ON CONFLICT (pipeline, phase, hour, key) DO UPDATE
    SET tasks = rollup.tasks + excluded.tasks, micros = rollup.micros + excluded.micros,
        changed = excluded.changed;
    DELETE FROM monitor.task_counts WHERE tasks = 0;
    DELETE FROM monitor.task_minutes WHERE at <= @minutes_from;
    UPDATE monitor.rollups SET low = reached, compacted_at = now() WHERE subject = '';
    RETURN compacted;
END
