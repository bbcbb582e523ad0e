"""Writes to the tables as hypothesis draws them: a statement and its values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Write = tuple[str, dict[str, Any]]

ODD = ["", "NULL", 'q"{},\\x', "ünï 'c' $$ %s :x", "y" * 5000]
REGIONS = st.sampled_from(["rwa", "civ", None, *ODD])
GROUPS = st.sampled_from(["g1", "g2"])
WHICH = st.sampled_from(["g1", "g2", "g%"])
AGO = st.sampled_from([None, "0 seconds", "90 seconds", "59 minutes", "3 hours", "3 days"])
SIZES = st.sampled_from([None, 0, 100, 2**31 - 1])
TYPES = st.sampled_from(["fathom", "fathom", "fathom", "raster_v2", "other"])
STATUSES = st.sampled_from(["pending", "processing", "failed", "completed"])

INSERT_FILES = """
    INSERT INTO app.etl_source_files
        (etl_type, source_blob_path, source_container, file_size_bytes, source_metadata,
         phase1_group_key, phase2_group_key, phase1_completed_at, phase2_completed_at)
    SELECT :kind, gen_random_uuid()::text, 'bronze', :size,
           jsonb_build_object('region', CAST(:region AS text), 'year', 2020), :group, :group,
           now() - CAST(:first AS interval), now() - CAST(:second AS interval)
    FROM generate_series(1, :number)
"""
INSERT_TASKS = """
    WITH job AS (
        INSERT INTO app.jobs (job_id, job_type, status, stage, total_stages, parameters)
        VALUES (gen_random_uuid()::text, 'process_fathom_stack', 'processing', 2, 3,
                jsonb_build_object('region_code', CAST(:job_region AS text)))
        RETURNING job_id)
    INSERT INTO app.tasks
        (task_id, parent_job_id, job_type, task_type, stage, parameters, status,
         execution_started_at, updated_at)
    SELECT job_id || stage, job_id, 'process_fathom_stack', 'fathom_band_stack', stage,
           jsonb_build_object('tile_group',
                              jsonb_build_object('output_name', CAST(:group AS text)))
           || CASE WHEN stage = 1 THEN '{}'
                   ELSE jsonb_build_object('region_code', CAST(:region AS text)) END,
           CAST(:status AS app.task_status),
           now() - CAST(:ended AS interval) - CAST(:lasted AS interval),
           now() - CAST(:ended AS interval)
    FROM job CROSS JOIN generate_series(1, 2) AS stage
"""


def _write(statement: str, **values: SearchStrategy[Any]) -> SearchStrategy[Write]:
    return st.tuples(st.just(statement), st.fixed_dictionaries(values))


def _files(change: str, **values: SearchStrategy[Any]) -> SearchStrategy[Write]:
    return _write(f"{change} WHERE phase1_group_key LIKE :which", which=WHICH, **values)


def _tasks(change: str, **values: SearchStrategy[Any]) -> SearchStrategy[Write]:
    which = "WHERE status = CAST(:old AS app.task_status) AND stage <= :most"
    return _write(f"{change} {which}", old=STATUSES, most=st.sampled_from([1, 2]), **values)


FILES = "UPDATE app.etl_source_files SET"
WRITES: SearchStrategy[Write] = st.one_of(
    _write(INSERT_FILES, number=st.integers(1, 9), region=REGIONS, group=GROUPS, size=SIZES,
           first=AGO, second=AGO, kind=TYPES),
    _write(INSERT_TASKS, group=GROUPS, status=STATUSES, job_region=REGIONS, region=REGIONS,
           lasted=st.sampled_from([None, "5 seconds"]),
           ended=st.sampled_from(["0 seconds", "2 hours", "30 hours", "52 hours"])),
    _files(f"{FILES} phase1_completed_at = now() - CAST(:ago AS interval)", ago=AGO),
    _files(f"{FILES} phase2_completed_at = now() - CAST(:ago AS interval)", ago=AGO),
    _files(f"{FILES} phase3_completed_at = now() - CAST(:ago AS interval)", ago=AGO),
    _files(f"{FILES} file_size_bytes = :size", size=SIZES),
    _files(f"{FILES} etl_type = :kind", kind=TYPES),
    _files(f"{FILES} updated_at = now(), phase1_group_key = :group", group=GROUPS),
    _files(f"{FILES} source_metadata = jsonb_build_object('region', CAST(:region AS text))",
           region=REGIONS),
    _files("DELETE FROM app.etl_source_files"),
    _tasks("UPDATE app.tasks SET status = CAST(:new AS app.task_status), updated_at = now()",
           new=STATUSES),
    _tasks("UPDATE app.tasks SET execution_started_at = now() - CAST(:ago AS interval)", ago=AGO),
    _tasks("UPDATE app.tasks SET heartbeat = now()"),
    _tasks("UPDATE app.tasks SET parameters = jsonb_set(parameters, '{tile_group,output_name}',"
           " to_jsonb(CAST(:group AS text)))", group=GROUPS),
    _tasks("UPDATE app.tasks SET parameters = jsonb_set(parameters, '{region_code}',"
           " to_jsonb(CAST(:region AS text)))", region=st.sampled_from(["RWA ", "civ", ""])),
    _tasks("DELETE FROM app.tasks"),
    _write("UPDATE app.jobs SET status = CAST(:status AS app.job_status)",
           status=st.sampled_from(["processing", "completed", "failed"])),
    _write("DELETE FROM app.jobs WHERE job_id LIKE :digit || '%'",
           digit=st.sampled_from("0123456789abcdef")),
)  # fmt: skip
