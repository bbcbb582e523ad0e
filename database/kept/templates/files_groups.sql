SELECT etl_type, @phase AS phase, @group_key AS grp FROM @side
