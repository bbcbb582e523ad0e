BEGIN
            INSERT INTO monitor.distrust (subject, reason)
            SELECT kept.subject, @reason FROM monitor.kept
            WHERE @subjects AND NOT EXISTS (
                SELECT FROM monitor.distrust
                WHERE distrust.subject = kept.subject AND distrust.reason = @reason);
        EXCEPTION WHEN OTHERS THEN
            -- Without these tables nobody believes what is kept.
            NULL;
        END;
