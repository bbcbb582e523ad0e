-- The files of the groups numbered from :first up to, without, :end: eight return periods each.
INSERT INTO app.etl_source_files (
    etl_type, source_blob_path, source_container, file_size_bytes, source_metadata, created_at,
    updated_at, phase1_group_key, phase1_output_blob, phase1_job_id, phase1_completed_at,
    phase2_group_key, phase2_output_blob, phase2_job_id, phase2_completed_at)
SELECT 'fathom',
       concat(code, '/', upper(flood_type), '_', upper(defense), '/', year, '/', ssp_folder || '/',
              period, '-', upper(flood_type), '-', upper(defense), '-', year, '-' || ssp_folder,
              '_', tile_name, '.tif'),
       'bronze-fathom',
       -- 8 TB in 11,000,000 files; of one in a thousand the size is not known.
       CASE WHEN (number * 8 + at) % 1000 <> 999 THEN 400000 + number * 7919::bigint % 654545 END,
       jsonb_build_object('region', code, 'flood_type', flood_type, 'defense', defense,
                          'year', year, 'ssp', ssp, 'return_period', period, 'tile', tile_name,
                          'grid_cell', grid_cell),
       CAST(:now AS timestamp) - interval '2 days',
       coalesce(merged_at, stacked_at, CAST(:now AS timestamp) - interval '2 days'),
       stack, CASE WHEN stacked_at IS NOT NULL
                   THEN concat('fathom-stacked/', code, '/', tile_name, '/', stack, '.tif') END,
       CASE WHEN stacked_at IS NOT NULL THEN stack_job END, stacked_at,
       merge, CASE WHEN merged_at IS NOT NULL
                   THEN concat('fathom/', code, '/', merge, '.tif') END,
       CASE WHEN merged_at IS NOT NULL THEN merge_job END, merged_at
FROM groups CROSS JOIN LATERAL unnest(
    ARRAY['1in5', '1in10', '1in20', '1in50', '1in100', '1in200', '1in500', '1in1000'])
    WITH ORDINALITY AS eight (period, at)
WHERE number >= :first AND number < :end AND number * 8 + at <= :files
ORDER BY number, at;
