BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO @changes (cell, @moments files, unsized, bytes)
        SELECT @cell, @row_moments count(*), count(*) FILTER (WHERE r.file_size_bytes IS NULL),
               coalesce(sum(r.file_size_bytes::numeric), 0)
        FROM new_rows AS r WHERE r.etl_type = @etl_type GROUP BY @group_by;
        INSERT INTO @touched (phase, grp)
        SELECT DISTINCT g.phase, g.grp FROM new_rows AS r @groups_of_row;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO @changes (cell, @moments files, unsized, bytes)
        SELECT @cell, @row_moments -count(*), -count(*) FILTER (WHERE r.file_size_bytes IS NULL),
               -coalesce(sum(r.file_size_bytes::numeric), 0)
        FROM old_rows AS r WHERE r.etl_type = @etl_type GROUP BY @group_by;
        INSERT INTO @touched (phase, grp)
        SELECT DISTINCT g.phase, g.grp FROM old_rows AS r @groups_of_row;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO @changes (cell, @moments files, unsized, bytes)
        SELECT cell, @moments sum(sign), coalesce(sum(sign) FILTER (WHERE size IS NULL), 0),
               coalesce(sum(sign * size), 0)
        FROM (
            SELECT -1 AS sign, @cell AS cell, @named_moments r.file_size_bytes::numeric AS size
            FROM old_rows AS r WHERE r.etl_type = @etl_type
            UNION ALL
            SELECT 1, @cell, @row_moments r.file_size_bytes::numeric
            FROM new_rows AS r WHERE r.etl_type = @etl_type
        ) AS fact
        GROUP BY @group_by
        -- What an UPDATE leaves as it is comes out as nothing.
        HAVING sum(sign) <> 0 OR coalesce(sum(sign * size), 0) <> 0
            OR coalesce(sum(sign) FILTER (WHERE size IS NULL), 0) <> 0;
        INSERT INTO @touched (phase, grp)
        SELECT g.phase, g.grp FROM old_rows AS r @groups_of_row
        UNION
        SELECT g.phase, g.grp FROM new_rows AS r @groups_of_row;
    ELSIF current_setting('transaction_isolation') = 'read committed'
          AND pg_try_advisory_xact_lock(@lock_class, @number) THEN
        -- TRUNCATE keeps all others off the table, and no fold runs: nothing changes meanwhile.
        DELETE FROM @changes;
        DELETE FROM @minutes;
        DELETE FROM @hours;
        UPDATE @cells SET @zeros changed = pg_current_xact_id();
        -- Whoever holds completions that were deleted here has to read all anew.
        UPDATE monitor.kept SET generation = nextval('monitor.generations')
        WHERE subject = @subject;
    ELSE
        INSERT INTO monitor.distrust (subject, reason)
        VALUES (@subject, 'app.etl_source_files was truncated while its counts were being folded');
    END IF;
    RETURN NULL;
END
