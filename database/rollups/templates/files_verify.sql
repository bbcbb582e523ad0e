-- Cells and completions whose rollups differ from a full count: what, rollup, counted.
WITH facts AS MATERIALIZED (
    SELECT @cell AS cell, @rollup_timestamps count(*) AS files,
           count(*) FILTER (WHERE r.file_size_bytes IS NULL) AS unsized,
           coalesce(sum(r.file_size_bytes::numeric), 0) AS bytes
    FROM app.etl_source_files AS r CROSS JOIN (
        SELECT hours_before FROM monitor.rollups WHERE subject = @subject) AS rollup
    WHERE r.etl_type = @etl_type GROUP BY @group_by
), counted AS (
    SELECT cell, ARRAY[@sums]::numeric[] AS measures FROM facts GROUP BY cell
), rollup AS (
    SELECT cell, ARRAY[@totals]::numeric[] AS measures
    FROM (SELECT cell, @measures FROM @cells
          UNION ALL SELECT cell, @sums FROM @changes GROUP BY cell) AS part
    GROUP BY cell
), counted_at AS (
    SELECT cell, phase, at, sum(files) AS files
    FROM facts CROSS JOIN LATERAL (VALUES @phase_timestamps) AS completion (phase, at)
    WHERE at IS NOT NULL GROUP BY cell, phase, at
), rollup_at AS (
    SELECT cell, phase, at, sum(files) AS files
    FROM (SELECT cell, phase, at, minutes.files FROM @minutes AS minutes JOIN @cells USING (cell_id)
          UNION ALL
          SELECT cell, phase, at, hours.files FROM @hours AS hours JOIN @cells USING (cell_id)
          UNION ALL
          SELECT cell, phase, CASE WHEN at < (SELECT hours_before FROM monitor.rollups
                                              WHERE subject = @subject)
                                   THEN date_trunc('hour', at, 'UTC') ELSE at END, files
          FROM @changes CROSS JOIN LATERAL (VALUES @phase_timestamps) AS completion (phase, at)
          WHERE at IS NOT NULL) AS part
    GROUP BY cell, phase, at
)
SELECT 'files of ' || cell::text, rollup.measures::text, counted.measures::text
FROM rollup FULL JOIN counted USING (cell)
WHERE coalesce(rollup.measures, ARRAY[@nothing]::numeric[])
      IS DISTINCT FROM coalesce(counted.measures, ARRAY[@nothing]::numeric[])
UNION ALL
SELECT 'completions of ' || cell::text || ' in phase ' || phase || ' at ' || at,
       rollup_at.files::text, counted_at.files::text
FROM rollup_at FULL JOIN counted_at USING (cell, phase, at)
WHERE coalesce(rollup_at.files, 0) <> coalesce(counted_at.files, 0)
