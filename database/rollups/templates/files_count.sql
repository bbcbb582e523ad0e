-- Counts a pipeline's files anew, in one transaction that sees one snapshot. What writers change
-- meanwhile is not visible to it, stays in the changes, and is added by whoever reads.
CREATE TEMPORARY TABLE facts ON COMMIT DROP AS
SELECT cell, @timestamps sum(files)::bigint AS files, sum(unsized)::bigint AS unsized,
       sum(bytes) AS bytes
FROM (
    SELECT @cell AS cell, @coarse_timestamps count(*) AS files,
           count(*) FILTER (WHERE r.file_size_bytes IS NULL) AS unsized,
           coalesce(sum(r.file_size_bytes::numeric), 0) AS bytes
    FROM app.etl_source_files AS r WHERE r.etl_type = @etl_type GROUP BY @group_by
) AS counted GROUP BY @group_by;
DELETE FROM @changes;
DELETE FROM @cells;
DELETE FROM @minutes;
DELETE FROM @hours;
INSERT INTO @cells (key, cell, @measures)
SELECT sha256(convert_to(cell::text, getdatabaseencoding())), cell, @sums FROM facts GROUP BY cell;
CREATE TEMPORARY TABLE completions ON COMMIT DROP AS
SELECT cell_id, phase, at, sum(facts.files)::bigint AS files
FROM facts JOIN @cells USING (cell)
CROSS JOIN LATERAL (VALUES @phase_timestamps) AS completion (phase, at)
WHERE at IS NOT NULL GROUP BY cell_id, phase, at;
INSERT INTO @minutes (cell_id, phase, at, files)
SELECT * FROM completions WHERE at >= @hours_before;
INSERT INTO @hours (cell_id, phase, at, files)
SELECT cell_id, phase, date_trunc('hour', at, 'UTC'), sum(files)
FROM completions WHERE at < @hours_before GROUP BY 1, 2, 3;
UPDATE monitor.rollups
SET low = pg_snapshot_xmin(pg_current_snapshot()), hours_before = @hours_before,
    generation = nextval('monitor.generations'), built_at = now(), compacted_at = now(), origin = @origin
WHERE subject = @subject;
DELETE FROM monitor.invalid WHERE subject = @subject;
