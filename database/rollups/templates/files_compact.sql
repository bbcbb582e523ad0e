DECLARE
    since xid8;
    reached xid8;
    hours_from timestamptz;
    hours_to timestamptz := date_trunc('hour', now() - interval '2 days', 'UTC');
    compacted bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(@lock_class, @number) THEN
        RETURN NULL;
    END IF;
    SELECT low, hours_before INTO since, hours_from FROM monitor.rollups WHERE subject = @subject;
    -- Each change before this one is of a transaction that has ended: visible below, and deleted.
    reached := pg_snapshot_xmin(pg_current_snapshot());
    -- Touched groups stay for ten minutes and more; who read before looks at all groups again.
    UPDATE monitor.rollups
    SET dirty_from = dirty_to, dirty_to = reached, dirty_at = now()
    WHERE subject = @subject
      AND (dirty_at IS NULL OR dirty_at < now() - interval '10 minutes');
    IF FOUND THEN
        DELETE FROM @dirty_groups
        WHERE changed < (SELECT dirty_from FROM monitor.rollups WHERE subject = @subject);
    END IF;
    IF NOT EXISTS (SELECT FROM @changes WHERE xid >= since) AND hours_to = hours_from THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM @changes WHERE xid >= since RETURNING cell, @timestamps @groups files, unsized, bytes
    ), looked_at_again AS (
        INSERT INTO @dirty_groups (phase, grp)
        SELECT DISTINCT phase, grp
        FROM gone CROSS JOIN LATERAL (VALUES @phase_groups) AS changed (phase, grp)
        WHERE grp IS NOT NULL
    ), sums AS (
        INSERT INTO @cells AS rollup (key, cell, @measures)
        SELECT sha256(convert_to(cell::text, getdatabaseencoding())), cell, @sums
        FROM gone GROUP BY cell
        ON CONFLICT (key) DO UPDATE SET @additions, changed = excluded.changed
        RETURNING cell_id, cell
    ), completions AS (
        SELECT cell_id, phase, at, sum(files) AS files
        FROM gone JOIN sums USING (cell)
        CROSS JOIN LATERAL (VALUES @phase_timestamps) AS completion (phase, at)
        WHERE at IS NOT NULL
        GROUP BY cell_id, phase, at HAVING sum(files) <> 0
    ), old AS (
        INSERT INTO @hours AS rollup (cell_id, phase, at, files)
        SELECT cell_id, phase, date_trunc('hour', at, 'UTC'), sum(files)
        FROM completions WHERE at < hours_from GROUP BY 1, 2, 3
        ON CONFLICT (at, phase, cell_id) DO UPDATE SET files = rollup.files + excluded.files
    ), new AS (
        INSERT INTO @minutes AS rollup (cell_id, phase, at, files)
        SELECT cell_id, phase, at, files FROM completions WHERE at >= hours_from
        ON CONFLICT (at, phase, cell_id)
        DO UPDATE SET files = rollup.files + excluded.files, changed = excluded.changed
    )
    SELECT count(*) INTO compacted FROM gone;
    IF hours_to > hours_from THEN
        WITH gone AS (DELETE FROM @minutes WHERE at < hours_to RETURNING cell_id, phase, at, files)
        INSERT INTO @hours AS rollup (cell_id, phase, at, files)
        SELECT cell_id, phase, date_trunc('hour', at, 'UTC'), sum(files)
        FROM gone GROUP BY 1, 2, 3 HAVING sum(files) <> 0
        ON CONFLICT (at, phase, cell_id) DO UPDATE SET files = rollup.files + excluded.files;
    END IF;
    UPDATE monitor.rollups
    SET low = reached, hours_before = greatest(hours_from, hours_to), compacted_at = now()
    WHERE subject = @subject;
    RETURN compacted;
END
