-- The groups of :files files, numbered from 0: eight files each, as phase 1 stacks them.
--
-- 200 regions of up to 15 × 15 tiles; 20 of them are worked on at a time, one wave of ten after
-- the other. Phase 1 has completed the first 60 % within 24 hours, phase 2 the first 40 regions
-- (20 %) in the last 16 hours.
CREATE FUNCTION pg_temp.degrees(value integer, minus text, plus text, width integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN value < 0 THEN minus ELSE plus END || lpad(abs(value)::text, width, '0');

CREATE TEMP TABLE groups AS
WITH size AS (
    SELECT ceil(:files / 8.0)::integer AS groups, ceil(:files / 80.0)::integer AS wave
), placed AS (
    SELECT number, groups, number / wave * 20 + number % wave % 20 AS region,
           number % wave / 20 AS place, ceil(wave / 20.0)::integer AS places
    FROM size CROSS JOIN generate_series(0, groups - 1) AS number
), scattered AS (
    -- Neighbours in a small region differ in their scenarios: 29 and 65 have no common factor.
    SELECT *, (place * 29 + region * 8) % 65 AS combination, place / 65 AS tile,
           ceil(places / 65.0)::integer AS tiles
    FROM placed
), located AS (
    SELECT *, region / 20 * 15 - 75 + tile / 15 AS lat, region % 20 * 15 - 150 + tile % 15 AS lon,
           region / 20 * 15 - 75 + tile / 75 * 5 AS south, region % 20 * 15 - 150 + tile % 15 / 5 * 5 AS west,
           tile / 75 * 3 + tile % 15 / 5 AS cell, ceil(tiles / 75.0)::integer * 3 AS cells
    FROM scattered
), named AS (
    SELECT *,
           'x' || chr(97 + region / 26) || chr(97 + region % 26) AS code,
           (ARRAY['coastal', 'coastal', 'fluvial', 'fluvial', 'pluvial'])[combination % 5 + 1]
               AS flood_type,
           (ARRAY['defended', 'undefended', 'defended', 'undefended', 'defended'])
               [combination % 5 + 1] AS defense,
           (ARRAY[2020, 2030, 2030, 2030, 2030, 2050, 2050, 2050, 2050, 2080, 2080, 2080, 2080])
               [combination / 5 + 1] AS year,
           CASE WHEN combination >= 5 THEN (combination / 5 - 1) % 4 + 1 END AS pathway,
           pg_temp.degrees(lat, 's', 'n', 2) || pg_temp.degrees(lon, 'w', 'e', 3) AS tile_name,
           concat(pg_temp.degrees(south, 's', 'n', 2), '-', pg_temp.degrees(south + 5, 's', 'n', 2), '_',
                  pg_temp.degrees(west, 'w', 'e', 3), '-', pg_temp.degrees(west + 5, 'w', 'e', 3))
               AS grid_cell
    FROM located
), keyed AS (
    SELECT *,
           (ARRAY['ssp126', 'ssp245', 'ssp370', 'ssp585'])[pathway] AS ssp,
           (ARRAY['SSP1_2.6', 'SSP2_4.5', 'SSP3_7.0', 'SSP5_8.5'])[pathway] AS ssp_folder
    FROM named
)
SELECT number, region, code, flood_type, defense, year, ssp, ssp_folder, tile_name, grid_cell,
       concat(tile_name, '_', flood_type, '-', defense, '_', year, '_' || ssp) AS stack,
       concat(flood_type, '-', defense, '-', year, '-' || ssp, '-', grid_cell) AS merge,
       encode(sha256(('stack ' || code)::bytea), 'hex') AS stack_job,
       encode(sha256(('merge ' || code)::bytea), 'hex') AS merge_job,
       CASE WHEN number < groups * 0.6
            THEN CAST(:now AS timestamp) - interval '24 hours' * (1 - number / (groups * 0.6)) END
           AS stacked_at,
       CASE WHEN region < 40
            THEN CAST(:now AS timestamp) - interval '16 hours'
                 * (1 - (region + (cell * 65 + combination) / (cells * 65.0)) / 40) END
           AS merged_at
FROM keyed;
CREATE UNIQUE INDEX ON groups (number);
ANALYZE groups;
