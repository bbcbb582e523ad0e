"""Rows for the tests, and the platform's own tables."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, text

from database.rollups.state import has_schema
from pipelines.models import Pipeline
from queries.frames import read_transaction
from queries.job_report import JobReport, read_report
from queries.snapshot import Snapshot, count_snapshot
from queries.snapshot_reader import SnapshotReader
from tests.agreement import assert_agree

RWA = {"region": "rwa", "flood_type": "fluvial", "defense": "defended", "year": 2020}
CIV = {**RWA, "region": "civ"}
PLATFORM = Path(__file__).with_name("platform.sql")
_numbers = count()


def read_now(engine: Engine, pipeline: Pipeline) -> Snapshot:
    """A pipeline's snapshot of now; where counts are kept, counting comes to the same."""
    with read_transaction(engine, 10) as connection:
        counted = count_snapshot(connection, pipeline)
        if not has_schema(connection):
            return counted
        rollup = SnapshotReader(engine, pipeline, 10).read_in(connection)
    assert_agree(rollup, counted)
    return rollup


def report(engine: Engine, job_id: str = "job-1") -> JobReport:
    """A job's report of now."""
    with read_transaction(engine, 10) as connection:
        found = read_report(connection, job_id)
    assert found is not None
    return found


def row(frame: pd.DataFrame, number: int) -> dict[str, Any]:
    """A frame's row."""
    return frame.to_dict("records")[number]


def make_platform_tables(engine: Engine, zone: str, timestamp: str) -> None:
    """The platform's tables in a database whose sessions are in a zone of its own."""
    with engine.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET timezone TO '{zone}'")
        connection.exec_driver_sql(PLATFORM.read_text().replace("MOMENT", timestamp))
    engine.dispose()


def add_files(
    connection: Connection,
    number: int = 1,
    *,
    etl_type: str = "fathom",
    metadata: Any = None,
    group: str | None = None,
    group2: str | None = None,
    size: int | None = 100,
    phase1: str | None = None,
    phase2: str | None = None,
) -> None:
    """Files; `phase1` and `phase2` say how long ago they were completed, e.g. '20 minutes'."""
    values = {
        "etl_type": etl_type,
        "metadata": None if metadata is None else json.dumps(metadata),
        "group1": group,
        "group2": group2,
        "size": size,
        "phase1": phase1,
        "phase2": phase2,
    }
    rows = [{**values, "path": f"file-{next(_numbers)}.tif"} for _ in range(number)]
    connection.execute(INSERT_FILE, rows)


INSERT_FILE = text(
    """
    INSERT INTO app.etl_source_files
        (etl_type, source_blob_path, source_container, file_size_bytes, source_metadata,
         phase1_group_key, phase2_group_key, phase1_completed_at, phase2_completed_at)
    VALUES (:etl_type, :path, 'bronze', :size, CAST(:metadata AS jsonb), :group1, :group2,
            NOW() - CAST(:phase1 AS interval), NOW() - CAST(:phase2 AS interval))
    """
)


def add_job(
    connection: Connection,
    job_id: str,
    *,
    job_type: str = "process_fathom_stack",
    status: str = "processing",
    stage: int = 2,
    parameters: Any = None,
) -> str:
    """A job."""
    row = {
        "job_id": job_id,
        "job_type": job_type,
        "status": status,
        "stage": stage,
        "parameters": json.dumps(parameters or {}),
    }
    connection.execute(INSERT_JOB, row)
    return job_id


INSERT_JOB = text(
    """
    INSERT INTO app.jobs (job_id, job_type, status, stage, total_stages, parameters)
    VALUES (:job_id, :job_type, :status, :stage, 3, CAST(:parameters AS jsonb))
    """
)


def add_task(
    connection: Connection,
    job_id: str,
    group: str,
    status: str,
    *,
    task_type: str = "fathom_band_stack",
    stage: int = 2,
    seconds: float | None = None,
    created: str = "0 seconds",
    ended: str = "0 seconds",
    metadata: Any = None,
    error: str | None = None,
    worker: str | None = None,
    region: str | None = None,
) -> str:
    """A task of a group; `created` and `ended` say how long ago; `seconds` is its duration."""
    row = {
        "task_id": f"{job_id[:8]}-s{stage}-{next(_numbers)}",
        "job_id": job_id,
        "task_type": task_type,
        "stage": stage,
        "parameters": json.dumps(
            {"tile_group": {"output_name": group}} | ({"region_code": region} if region else {})
        ),
        "status": status,
        "metadata": None if metadata is None else json.dumps(metadata),
        "error": error,
        "worker": worker,
        "seconds": seconds,
        "created": created,
        "ended": ended,
    }
    connection.execute(INSERT_TASK, row)
    return str(row["task_id"])


INSERT_TASK = text(
    """
    INSERT INTO app.tasks
        (task_id, parent_job_id, job_type, task_type, stage, task_index, parameters, status,
         metadata, error_details, executed_by_app, retry_count, execution_started_at,
         created_at, updated_at)
    VALUES (:task_id, :job_id, 'process_fathom_stack', :task_type, :stage, '0',
            CAST(:parameters AS jsonb), :status, CAST(:metadata AS jsonb), :error, :worker, 0,
            NOW() - CAST(:ended AS interval) - :seconds * INTERVAL '1 second',
            NOW() - CAST(:created AS interval), NOW() - CAST(:ended AS interval))
    """
)


def add_three(engine: Engine) -> None:
    """Three files of another region."""
    with engine.begin() as connection:
        add_files(connection, 3, metadata={"region": "civ"})
