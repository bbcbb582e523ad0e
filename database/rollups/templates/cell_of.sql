SELECT @cell FROM app.etl_source_files AS r
WHERE wanted_phase = @phase AND r.etl_type = @etl_type AND r.@group_key = wanted_group
-- Not by the primary key's index, which would be read from its beginning.
ORDER BY @nearest r.id + 0 LIMIT 1
