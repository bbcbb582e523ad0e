(SELECT count(*) FROM pg_attribute
     WHERE attrelid = to_regclass(@table) AND attnum > 0 AND NOT attisdropped
       AND (attname::text, CASE WHEN atttypid < 16384 THEN atttypid ELSE 0 END)
           IN (VALUES @columns)) = @column_count
