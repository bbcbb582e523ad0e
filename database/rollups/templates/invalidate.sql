BEGIN
            INSERT INTO monitor.invalid (subject, reason)
            SELECT rollup.subject, @reason FROM monitor.rollups AS rollup
            WHERE @subjects AND NOT EXISTS (
                SELECT FROM monitor.invalid
                WHERE invalid.subject = rollup.subject AND invalid.reason = @reason);
        EXCEPTION WHEN OTHERS THEN
            -- Without these tables the rollups are invalid.
            NULL;
        END;
