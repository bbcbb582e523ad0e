(SELECT count(*) FROM pg_attribute JOIN (VALUES @columns) AS known (name, kind)
     ON attname = name AND (atttypid = kind OR kind = 0)
     WHERE attrelid = to_regclass(@table) AND attnum > 0) = @column_count
