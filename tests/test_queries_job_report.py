"""A job's report: its stages and tasks, of any job in the database."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from database.engine import open_engine
from queries.frames import read_transaction
from queries.job_report import read_report
from tests.factories import add_job, add_task, make_platform_tables, report


@pytest.fixture(params=["TIMESTAMP", "TIMESTAMPTZ"])
def tables(request: pytest.FixtureRequest, empty_database: str) -> Iterator[Engine]:
    engine = open_engine(empty_database)
    make_platform_tables(engine, "Asia/Kathmandu", request.param)
    yield engine
    engine.dispose()


def test_stages_count_their_tasks_by_status(tables: Engine) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        add_task(connection, job, "scan", "completed", stage=1, seconds=4, ended="1 hour")
        for status in ("completed", "failed", "pending", "queued", "processing", "quarantined"):
            add_task(connection, job, "g", status)
    first, second = report(tables).stages.to_dict("records")
    counts = ("tasks", "pending", "queued", "processing", "completed", "failed", "other")
    assert [second[name] for name in counts] == [6, 1, 1, 1, 1, 1, 1]
    assert (first["percent"], first["average_seconds"]) == (100.0, pytest.approx(4))
    assert math.isnan(first["rate_per_minute"])


def test_durations_and_memory_are_of_the_stages_tasks(tables: Engine) -> None:
    memory: list[Any] = [
        {"peak_memory_mb": 512.5},
        {"memory_snapshots": [{"checkpoint": "a", "rss_mb": 800}, {"process_rss_mb": 900.5}, 7]},
        {"peak_memory_mb": "much", "memory_snapshots": "none"},
        None,
        [1],
    ]
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        for number, metadata in enumerate(memory, start=1):
            add_task(connection, job, "g", "completed", seconds=10 * number, metadata=metadata)
    (stage,) = report(tables).stages.to_dict("records")
    assert stage["peak_memory_mb"] == 900.5
    assert (stage["average_seconds"], stage["p95_seconds"]) == (
        pytest.approx(30),
        pytest.approx(48),
    )


def test_a_job_of_no_pipeline_without_tasks_is_shown(tables: Engine) -> None:
    with tables.begin() as connection:
        add_job(connection, "job-1", job_type="load_vector", status="paused_by_operator", stage=1)
    found = report(tables)
    assert (found.job.job_type, found.job.status) == ("load_vector", "paused_by_operator")
    assert (len(found.stages), found.stage_count) == (0, found.job.total_stages)
    assert found.job.created_at is not None
    assert abs((found.as_of - found.job.created_at).total_seconds()) < 60


def test_a_job_that_is_not_there_is_none(tables: Engine) -> None:
    with read_transaction(tables, 10) as connection:
        assert read_report(connection, "job-1") is None
