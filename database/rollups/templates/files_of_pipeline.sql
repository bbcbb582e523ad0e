    IF TG_OP = 'TRUNCATE' THEN
        IF current_setting('transaction_isolation') = 'read committed'
           AND pg_try_advisory_xact_lock(@lock_class, @number) THEN
            -- TRUNCATE keeps all others off the table, and no compaction runs: nothing changes meanwhile.
            DELETE FROM @changes;
            DELETE FROM @minutes;
            DELETE FROM @hours;
            UPDATE @cells SET @zeros changed = pg_current_xact_id();
            -- Whoever holds completions that were deleted here has to read all anew.
            UPDATE monitor.rollups SET generation = nextval('monitor.generations')
            WHERE subject = @subject;
        ELSE
            INSERT INTO monitor.invalid (subject, reason) VALUES
            (@subject, 'app.etl_source_files was truncated while its counts were being compacted');
        END IF;
    ELSIF @etl_type = ANY (changed_types) THEN
        IF TG_OP = 'INSERT' THEN
@inserted
        ELSIF TG_OP = 'DELETE' THEN
@deleted
        ELSE
@updated
        END IF;
    END IF;
