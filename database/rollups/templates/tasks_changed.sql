    IF TG_OP = 'INSERT' THEN
        INSERT INTO monitor.task_changes (job_id, stage, status, at, tasks, started)
        SELECT r.parent_job_id, coalesce(r.stage, 0), coalesce(r.status::text, ''), @ended,
               count(*), min(@begun)
        FROM new_rows AS r WHERE r.parent_job_id IS NOT NULL GROUP BY 1, 2, 3, 4;
        ids := ARRAY(SELECT r.task_id FROM new_rows AS r WHERE r.task_type = ANY (@task_types));
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO monitor.task_changes (job_id, stage, status, at, tasks, lost)
        SELECT r.parent_job_id, coalesce(r.stage, 0), coalesce(r.status::text, ''), @ended,
               -count(*), min(@begun)
        FROM old_rows AS r WHERE r.parent_job_id IS NOT NULL GROUP BY 1, 2, 3, 4;
        ids := ARRAY(SELECT r.task_id FROM old_rows AS r WHERE r.task_type = ANY (@task_types));
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO monitor.task_changes (job_id, stage, status, at, tasks, started, lost)
        SELECT job_id, stage, status, at, sum(sign), min(started), min(lost)
        FROM (
            SELECT 1 AS sign, r.parent_job_id AS job_id, coalesce(r.stage, 0) AS stage,
                   coalesce(r.status::text, '') AS status, @ended AS at,
                   CASE WHEN o.execution_started_at IS DISTINCT FROM r.execution_started_at
                             OR o.parent_job_id IS DISTINCT FROM r.parent_job_id
                             OR o.stage IS DISTINCT FROM r.stage
                        THEN @begun END AS started, NULL::@timestamp_type AS lost
            FROM new_rows AS r LEFT JOIN old_rows AS o ON o.task_id = r.task_id
            UNION ALL
            SELECT -1, r.parent_job_id, coalesce(r.stage, 0), coalesce(r.status::text, ''), @ended,
                   NULL,
                   CASE WHEN n.execution_started_at IS DISTINCT FROM r.execution_started_at
                             OR n.parent_job_id IS DISTINCT FROM r.parent_job_id
                             OR n.stage IS DISTINCT FROM r.stage
                        THEN @begun END
            FROM old_rows AS r LEFT JOIN new_rows AS n ON n.task_id = r.task_id
        ) AS fact
        WHERE job_id IS NOT NULL
        GROUP BY job_id, stage, status, at
        -- A heartbeat comes out as nothing.
        HAVING sum(sign) <> 0 OR min(started) IS NOT NULL OR min(lost) IS NOT NULL;
        ids := ARRAY(
            SELECT coalesce(r.task_id, o.task_id)
            FROM new_rows AS r FULL JOIN old_rows AS o ON o.task_id = r.task_id
            WHERE (r.task_type = ANY (@task_types) OR o.task_type = ANY (@task_types))
              AND ((r.task_type, r.status, r.created_at, r.parent_job_id)
                       IS DISTINCT FROM (o.task_type, o.status, o.created_at, o.parent_job_id)
                   OR @group_of_new IS DISTINCT FROM @group_of_old
                   OR r.status::text = 'completed'
                      AND (r.updated_at, r.execution_started_at)
                          IS DISTINCT FROM (o.updated_at, o.execution_started_at)));
    ELSIF current_setting('transaction_isolation') = 'read committed'
          AND pg_try_advisory_xact_lock(@lock_class, 0) THEN
        -- TRUNCATE keeps all others off the table, and no compaction runs: nothing changes meanwhile.
        DELETE FROM monitor.task_changes;
        DELETE FROM monitor.task_counts;
        DELETE FROM monitor.task_minutes;
        DELETE FROM monitor.task_stages;
        DELETE FROM monitor.phase_tasks;
        DELETE FROM monitor.duration_changes;
        UPDATE monitor.durations SET tasks = 0, micros = 0, changed = pg_current_xact_id();
    ELSE
        INSERT INTO monitor.invalid (subject, reason)
        VALUES ('', 'app.tasks was truncated while its counts were being compacted');
    END IF;
    IF ids <> '{}' THEN
        PERFORM monitor.refresh_phase_tasks(ids);
    END IF;
