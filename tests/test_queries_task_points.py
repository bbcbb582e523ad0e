"""A job's finished tasks as points in time."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import Engine

from queries import task_points
from queries.frames import read_transaction
from tests.factories import add_job, add_task


def test_finished_tasks_are_points_in_the_order_of_their_end(tables: Engine) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        add_task(connection, job, "g", "failed", seconds=7, ended="1 hour")
        memory = {"peak_memory_mb": 512.5}
        add_task(connection, job, "g", "completed", seconds=5, ended="2 hours", metadata=memory)
        add_task(connection, job, "g", "processing")
        add_task(
            connection, add_job(connection, "job-2"), "g", "completed", seconds=1, ended="1 hour"
        )
    with read_transaction(tables, 10) as connection:
        points = task_points.task_points(connection, "job-1").to_dict("records")
    assert [(p["status"], p["seconds"]) for p in points] == [
        ("completed", pytest.approx(5)),
        ("failed", pytest.approx(7)),
    ]
    assert points[0]["peak_memory_mb"] == 512.5
    assert math.isnan(points[1]["peak_memory_mb"])
    assert (points[1]["ended_at"] - points[0]["ended_at"]).total_seconds() == 3600


def test_only_the_latest_points_are_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_points, "MOST", 2)
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        for hours in (3, 2, 1):
            add_task(connection, job, "g", "completed", seconds=hours, ended=f"{hours} hours")
    with read_transaction(engine, 10) as connection:
        points = task_points.task_points(connection, "job-1")
    assert list(points["seconds"]) == [pytest.approx(2), pytest.approx(1)]
    assert (list(points), list(points.index)) == (list(task_points.COLUMNS), [0, 1])
