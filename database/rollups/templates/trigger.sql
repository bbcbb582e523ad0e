-- Whoever writes must not fail because of the rollups. A block that catches errors costs a
-- transaction within the transaction, of which every reader has to know once there are more than 64:
-- so the first statements of a transaction have one, and the ones after them look at the catalogue.
DECLARE
    monitor_statement text := current_setting('monitor.statement', true);
    @declared
BEGIN
    IF TG_RELID IS DISTINCT FROM to_regclass(@table) THEN
        @renamed
    ELSIF monitor_statement IS DISTINCT FROM '@last' THEN
        -- Not PERFORM, which would be a statement of its own.
        monitor_statement := set_config('monitor.statement', CASE
            WHEN monitor_statement ~ '^[0-9]{1,3}$' THEN (monitor_statement::integer + 1)::text
            ELSE '1' END, true);
        BEGIN
@work
        EXCEPTION WHEN OTHERS THEN
            @failed
        END;
    ELSIF coalesce(@as_installed AND array_position(ARRAY[@needed], NULL) IS NULL, false) THEN
@work
    ELSE
        @drifted
    END IF;
    RETURN NULL;
END
