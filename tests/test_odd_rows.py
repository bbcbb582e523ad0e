"""One odd row changes its own cell alone: no page and no endpoint fails for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import Dash
from sqlalchemy import Engine, TextClause, text

from layouts.links import GROUPS, JOB_PAGE, JOBS, PIPELINE
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.snapshot import count_snapshot
from queries.snapshot_reader import SnapshotReader
from queries.snapshots import Snapshots
from tests.agreement import assert_agree
from tests.factories import RWA, add_files, add_job, add_task
from tests.serving import Api
from tests.tab import Tab

TIMES = ("infinity", "-infinity", "0100-03-01 BC", "20000-01-01", "294276-12-30", None)
TEXTS = ("", "x" * 5000, "<b>&\"'%/?#", "\u202e\U0001f30a", "a\\b")
OBJECTS = (
    None,
    "null",
    "3",
    "[]",
    '"text"',
    '{"n": 1e5000}',
    '{"n": -1e400, "m": 123456789012345678901234567890}',
    '{"peak_memory_mb": 1e400}',
    '{"peak_memory_mb": "much", "memory_snapshots": 3}',
    '{"tile_group": {"output_name": 3}}',
    "[" * 800 + "]" * 800,
)
# Of columns that are shown, and not reckoned with.
DISPLAYED = (None, "3", '{"n": 1e5000}', "[" * 800 + "]" * 800)
ODD: dict[tuple[str, str], tuple[Any, ...]] = {
    ("jobs", "status"): (None,),
    ("jobs", "stage"): (None, -1, 2_000_000_000),
    ("jobs", "total_stages"): (None, -5, 0, 2_000_000_000),
    ("jobs", "parameters"): OBJECTS,
    ("jobs", "metadata"): OBJECTS,
    ("jobs", "stage_results"): DISPLAYED,
    ("jobs", "result_data"): DISPLAYED,
    ("jobs", "error_details"): TEXTS,
    ("jobs", "created_at"): TIMES,
    ("jobs", "updated_at"): TIMES,
    ("jobs", "job_type"): ("process_fathom_merge", "unknown"),
    ("tasks", "status"): (None, "cancelled", "retrying"),
    ("tasks", "stage"): (None, -1, 2_000_000_000),
    ("tasks", "task_index"): (None, "x"),
    ("tasks", "task_type"): ("", "<b>"),
    ("tasks", "parameters"): OBJECTS,
    ("tasks", "metadata"): OBJECTS,
    ("tasks", "result_data"): DISPLAYED,
    ("tasks", "error_details"): TEXTS,
    ("tasks", "retry_count"): (None, -1),
    ("tasks", "executed_by_app"): (None, "", "<b>"),
    ("tasks", "heartbeat"): TIMES[:2],
    ("tasks", "created_at"): TIMES,
    ("tasks", "updated_at"): TIMES,
    ("tasks", "execution_started_at"): TIMES,
    ("etl_source_files", "source_metadata"): OBJECTS,
    ("etl_source_files", "file_size_bytes"): (None, -1, 9223372036854775807),
    ("etl_source_files", "phase1_completed_at"): TIMES,
    ("etl_source_files", "phase2_completed_at"): TIMES[::2],
    ("etl_source_files", "phase1_group_key"): (None, "", "<b>&\"'%/?#"),
    ("etl_source_files", "source_blob_path"): ("", "<b&'/?#%>"),
}
KEYS = {"jobs": "job_id", "tasks": "task_id", "etl_source_files": "id"}
ENDPOINTS = [
    "/api/etl/stats?etl_type=fathom",
    "/api/etl/pipelines",
    *(
        f"/api/etl/groups?etl_type=fathom&phase={phase}&state={state}"
        for phase in ("phase1", "phase2")
        for state in ("pending", "processing", "failed")
    ),
    "/api/etl/groups.csv?etl_type=fathom&phase=phase1&state=pending",
    "/api/jobs",
    "/api/jobs?sort=created_at",
    "/api/jobs/job-1",
    "/api/jobs/job-1/tasks",
    "/api/jobs/job-1/tasks.csv",
    "/metrics",
]
PAGES = [
    (PIPELINE, "?type=fathom"),
    (GROUPS, "?type=fathom&phase=phase1&state=failed"),
    (JOBS, ""),
    (JOB_PAGE, "?job_id=job-1"),
    ("/", ""),
]


@pytest.fixture
def some(engine: Engine) -> Engine:
    """Files, a job and tasks of all kinds, in tables that let everything in."""
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1", phase1="20 minutes")
        add_files(connection, 8, metadata=RWA, group="g2")
        job = add_job(connection, "job-1", parameters={"region_code": "rwa"})
        add_job(connection, "job-2", status="completed")
        for group, status in (("g1", "completed"), ("g2", "failed"), ("g3", "processing")):
            add_task(connection, job, group, status, seconds=9)
        for number in range(4, 4 + len(OBJECTS)):
            add_task(connection, job, f"g{number}", "completed", seconds=9)
        for table, column in ODD:
            connection.execute(text(f"ALTER TABLE app.{table} ALTER {column} DROP NOT NULL"))
    return engine


@pytest.mark.parametrize(("table", "column"), ODD)
def test_an_odd_value_fails_no_endpoint_and_no_page(
    some: Engine,
    registry: Registry,
    fathom: Pipeline,
    dashboard: Dash,
    snapshots: Snapshots,
    table: str,
    column: str,
) -> None:
    api, tab = Api(some, registry), Tab(dashboard)
    for values in rounds(table, column):
        with some.begin() as connection:
            for row, value in enumerate(values):
                connection.execute(odd_row(table, column), {"row": row, "value": value})
        counted_alike(some, fathom)
        answered(api)
        snapshots.renew("fathom")
        for page in PAGES:
            tab.open(*page)
            assert tab.tick().get("problem", {}).get("children", "") == "", (page, values)


def rounds(table: str, column: str) -> list[tuple[Any, ...]]:
    """The values that are tried together, each in a row of its own; a job has a page of its own."""
    values = ODD[table, column]
    return [(value,) for value in values] if table == "jobs" else [values]


def odd_row(table: str, column: str) -> TextClause:
    key = KEYS[table]
    return text(
        f"UPDATE app.{table} SET {column} = :value WHERE {key} ="
        f" (SELECT {key} FROM app.{table} ORDER BY {key} OFFSET :row LIMIT 1)"
    )


def counted_alike(engine: Engine, pipeline: Pipeline) -> None:
    with read_transaction(engine, 10) as connection:
        counted = count_snapshot(connection, pipeline)
        rollup = SnapshotReader(engine, pipeline, 10).read_in(connection)
    assert_agree(rollup, counted, moved=True)


def answered(api: Api) -> None:
    api.renew()
    answers = {path: api.client.get(path) for path in ENDPOINTS}
    bad = {path: one.text[:300] for path, one in answers.items() if one.status_code != 200}
    assert bad == {}
    for answer in answers.values():
        if answer.mimetype == "application/json":
            json.loads(answer.text, parse_constant=no_constant)


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
