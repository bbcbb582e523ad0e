            INSERT INTO @changes (cell, @timestamps @groups files, unsized, bytes)
            SELECT @cell, @row_timestamps @row_groups sum(monitor_sign),
                   coalesce(sum(monitor_sign) FILTER (WHERE r.file_size_bytes IS NULL), 0),
                   coalesce(sum(monitor_sign * r.file_size_bytes::numeric), 0)
            FROM (@rows) AS r WHERE r.etl_type = @etl_type GROUP BY @all_places
            -- What an UPDATE leaves as it is comes out as nothing.
            HAVING sum(monitor_sign) <> 0
                OR coalesce(sum(monitor_sign * r.file_size_bytes::numeric), 0) <> 0
                OR coalesce(sum(monitor_sign) FILTER (WHERE r.file_size_bytes IS NULL), 0) <> 0;
