    -- Whoever writes must not fail because of what is kept: where a table is no longer what this was
    -- made for, nothing below is looked at, and the counts are not believed any more.
    IF NOT coalesce(TG_RELID = to_regclass(@table)
           AND @as_installed
           AND array_position(ARRAY[@needed], NULL) IS NULL, false) THEN
        IF to_regclass('monitor.kept') IS NOT NULL AND to_regclass('monitor.distrust') IS NOT NULL THEN
            INSERT INTO monitor.distrust (subject, reason)
            SELECT subject, @reason FROM monitor.kept
            WHERE @subjects AND NOT EXISTS (
                SELECT FROM monitor.distrust
                WHERE distrust.subject = kept.subject AND distrust.reason = @reason);
        END IF;
        RETURN NULL;
    END IF;
