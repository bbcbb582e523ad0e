-- The jobs and tasks that have completed the groups, and those that go on: a job a region and phase.
INSERT INTO app.jobs (job_id, job_type, parameters, status, stage, total_stages, created_at,
                      updated_at)
SELECT job, 'process_fathom_' || kind, jsonb_build_object('region_code', code), 'completed', 3, 3,
       min(ended) - interval '1 minute', max(ended)
FROM (SELECT stack_job AS job, 'stack' AS kind, code, stacked_at AS ended FROM groups
      UNION ALL SELECT merge_job, 'merge', code, merged_at FROM groups) AS phase
WHERE ended IS NOT NULL
GROUP BY job, kind, code;

-- Two jobs are active. One of them also did what was completed in the last hour.
INSERT INTO app.jobs (job_id, job_type, parameters, status, stage, total_stages, created_at)
SELECT encode(sha256(kind::bytea), 'hex'), 'process_fathom_' || kind,
       jsonb_build_object('region_code', place), 'processing', 2, 3,
       CAST(:now AS timestamp) - interval '61 minutes'
FROM (VALUES ('stack', (SELECT code FROM groups WHERE stacked_at IS NULL ORDER BY number LIMIT 1)),
             ('merge', (SELECT code FROM groups WHERE merged_at IS NULL ORDER BY number LIMIT 1)))
     AS active (kind, place);

CREATE TEMP TABLE work AS
WITH open AS (
    SELECT *, row_number() OVER (ORDER BY number) AS turn FROM groups WHERE stacked_at IS NULL
), merges AS (
    SELECT merge, min(number) AS number, min(code) AS code, min(merge_job) AS merge_job,
           min(merged_at) AS merged_at, bool_and(stacked_at IS NOT NULL) AS ready, count(*) AS tiles
    FROM groups GROUP BY merge
), open_merges AS (
    SELECT *, row_number() OVER (ORDER BY number) AS turn
    FROM merges WHERE merged_at IS NULL AND ready
)
SELECT number, 'stack' AS kind, stack_job AS job, 'completed' AS status, stacked_at AS ended,
       17.3 AS seconds
FROM groups WHERE stacked_at IS NOT NULL
UNION ALL
-- 20 groups failed, 48 are being stacked, 500 wait.
SELECT number, 'stack', encode(sha256('stack'::bytea), 'hex'),
       CASE WHEN turn <= 20 THEN 'failed' WHEN turn <= 68 THEN 'processing' ELSE 'pending' END,
       CASE WHEN turn <= 20 THEN CAST(:now AS timestamp) - interval '5 minutes' END, 17.3
FROM open WHERE turn <= 568
UNION ALL
SELECT number, 'merge', merge_job, 'completed', merged_at, 100
FROM merges WHERE merged_at IS NOT NULL
UNION ALL
-- 16 are being merged, 100 wait.
SELECT number, 'merge', encode(sha256('merge'::bytea), 'hex'),
       CASE WHEN turn <= 16 THEN 'processing' ELSE 'pending' END, NULL, 100
FROM open_merges WHERE turn <= 116;

INSERT INTO app.tasks (task_id, parent_job_id, job_type, task_type, stage, task_index, parameters,
                       status, metadata, error_details, heartbeat, executed_by_app,
                       execution_started_at, created_at, updated_at)
SELECT concat(left(parent, 8), '-s2-', number), parent, 'process_fathom_' || kind,
       CASE kind WHEN 'stack' THEN 'fathom_band_stack' ELSE 'fathom_spatial_merge' END, 2,
       number::text,
       CASE kind
       WHEN 'stack' THEN jsonb_build_object('tile_group', jsonb_build_object(
           'output_name', stack, 'tile', tile_name, 'region', code, 'flood_type', flood_type,
           'defense', defense, 'year', year, 'ssp', ssp, 'files', files))
       ELSE jsonb_build_object('grid_group', jsonb_build_object(
           'output_name', merge, 'grid_cell', grid_cell, 'region', code))
       END,
       CAST(work.status AS app.task_status),
       CASE WHEN work.status IN ('completed', 'failed') THEN jsonb_build_object(
           'peak_memory_mb', 2000 + number % 1000,
           'memory_snapshots', jsonb_build_array(
               jsonb_build_object('checkpoint', 'start', 'process_rss_mb', 120.5),
               jsonb_build_object('checkpoint', 'end', 'process_rss_mb', 2000 + number % 1000)))
       ELSE '{}' END,
       CASE WHEN work.status = 'failed' THEN 'the file ends too early' END,
       CASE WHEN work.status <> 'pending' THEN coalesce(ended, CAST(:now AS timestamp)) END,
       CASE WHEN work.status <> 'pending' THEN 'worker-' || number % 64 END,
       CASE WHEN work.status <> 'pending'
            THEN coalesce(ended, CAST(:now AS timestamp)) - took END,
       coalesce(ended - took, CAST(:now AS timestamp)) - interval '10 minutes',
       coalesce(ended, CAST(:now AS timestamp))
FROM work JOIN groups USING (number)
CROSS JOIN LATERAL (
    SELECT CASE WHEN ended > CAST(:now AS timestamp) - interval '1 hour' AND kind = 'stack'
                THEN encode(sha256('stack'::bytea), 'hex') ELSE job END AS parent,
           seconds * (0.5 + number % 100 / 100.0) * interval '1 second' AS took
) AS told
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('return_period', period, 'path', concat(
               code, '/', upper(flood_type), '_', upper(defense), '/', year, '/', period, '-',
               tile_name, '.tif'))) AS files
    FROM unnest(ARRAY['1in5', '1in10', '1in20', '1in50', '1in100', '1in200', '1in500', '1in1000'])
         AS period
    WHERE kind = 'stack'
) AS of_group;
