"""All the groups of a phase in one state, for a file."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from pipelines.models import Phase, Pipeline
from queries.group_export import export_columns, export_rows
from queries.group_list import GroupQuery
from queries.reader import Reader
from tests.factories import CIV, RWA, add_files, add_job, add_task


@pytest.fixture
def some(tables: Engine) -> Engine:
    """A group that failed twice, one that nobody has tried, and a file without a group."""
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        add_files(connection, 8, metadata=CIV, group="b")
        add_files(connection, 8, metadata=RWA, group="a")
        add_files(connection, 1, metadata=RWA)
        add_task(connection, job, "a", "failed", error="first", created="2 hours")
        add_task(connection, job, "a", "failed", error="second", created="1 hour")
        add_task(connection, job, "other", "quarantined")
    return tables


def read(engine: Engine, pipeline: Pipeline, state: str) -> list[dict[str, Any]]:
    query = GroupQuery(pipeline.id, "phase1", state)
    batches = Reader(engine, 10).stream(export_rows(pipeline, query))
    names = list(export_columns(pipeline))
    return [dict(zip(names, row, strict=True)) for batch in batches for row in batch]


def test_every_group_comes_once_with_its_latest_task(some: Engine, fathom: Pipeline) -> None:
    rows = read(some, fathom, "pending")
    assert [row["group"][:4] for row in rows] == ["a", "b", "file"]
    assert [row["files"] for row in rows] == [8, 8, 1]
    assert [row["error_details"] for row in rows] == ["second", None, None]
    assert [row["by:region"] for row in rows] == ["rwa", "civ", "rwa"]


def test_a_state_narrows_the_groups(some: Engine, fathom: Pipeline) -> None:
    assert [row["group"] for row in read(some, fathom, "failed")] == ["a"]
    assert read(some, fathom, "completed") == []


def test_a_phase_without_tasks_has_the_same_columns(some: Engine, fathom: Pipeline) -> None:
    plain = Phase(id="phase1", name="Plain", completed_field="phase1_completed_at")
    pipeline = fathom.model_copy(update={"phases": (plain,)})
    rows = read(some, pipeline, "pending")
    assert (len(rows), {row["task_id"] for row in rows}) == (17, {None})


def test_groups_of_a_phase_without_tasks_come_by_name_too(some: Engine, fathom: Pipeline) -> None:
    field, key = "phase1_completed_at", "phase1_group_key"
    plain = Phase(id="phase1", name="Plain", completed_field=field, group_key=key)
    pipeline = fathom.model_copy(update={"phases": (plain,)})
    rows = read(some, pipeline, "pending")
    assert [(row["group"][:4], row["files"]) for row in rows] == [("a", 8), ("b", 8), ("file", 1)]
