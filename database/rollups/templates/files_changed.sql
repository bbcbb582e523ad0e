    IF TG_OP = 'INSERT' THEN
        changed_types := ARRAY(SELECT DISTINCT etl_type::text FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN
        changed_types := ARRAY(SELECT DISTINCT etl_type::text FROM old_rows);
    ELSIF TG_OP = 'UPDATE' THEN
        changed_types := ARRAY(SELECT etl_type::text FROM old_rows
                               UNION SELECT etl_type::text FROM new_rows);
    END IF;
@pipelines
