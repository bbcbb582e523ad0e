"""What the banner says of a pipeline's phases together."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from database.schema import install_schema
from pipelines.models import Phase, Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.phases import phase_rows
from queries.snapshot import Snapshot, count_snapshot
from queries.summary import summary
from tests.factories import RWA, add_files, add_job, add_task


def add_merge(connection: Connection, job: str, group: str, status: str) -> None:
    """A task of the second phase."""
    task = add_task(connection, job, group, status, task_type="fathom_spatial_merge")
    named = "jsonb_build_object('grid_group', parameters -> 'tile_group')"
    query = text(f"UPDATE app.tasks SET parameters = {named} WHERE task_id = :task")
    connection.execute(query, {"task": task})


def counted(engine: Engine, pipeline: Pipeline) -> Snapshot:
    with read_transaction(engine, 10) as connection:
        return count_snapshot(connection, pipeline)


def without_tasks(phases: tuple[Phase, ...]) -> list[Phase]:
    return [Phase(id=one.id, name=one.name, completed_field=one.completed_field) for one in phases]


@pytest.mark.parametrize(
    ("known", "counts"), [((), (None, None)), ((0,), (8, 0)), ((1,), (0, 4)), ((0, 1), (8, 4))]
)
def test_only_phases_with_tasks_are_summed(
    engine: Engine, fathom: Pipeline, known: tuple[int, ...], counts: tuple[Any, ...]
) -> None:
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        add_files(connection, 8, metadata=RWA, group="a")
        add_files(connection, 4, metadata=RWA, group="b", group2="B", phase1="1 hour")
        add_task(connection, job, "a", "processing")
        add_merge(connection, job, "B", "failed")
    plain = without_tasks(fathom.phases)
    phases = tuple(fathom.phases[n] if n in known else plain[n] for n in range(2))
    totals = summary(counted(engine, fathom.model_copy(update={"phases": phases})))
    assert (totals.processing, totals.failed) == counts


def test_what_failed_in_any_phase_before_gets_no_further(
    engine: Engine, registry: Registry
) -> None:
    fathom = registry["fathom"]
    third = Phase(id="phase3", name="Publish", completed_field="phase3_completed_at")
    pipeline = fathom.model_copy(update={"phases": (*fathom.phases, third)})
    install_schema(engine, Registry({"fathom": pipeline}))
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        add_files(connection, 8, metadata=RWA, group="a")
        add_files(connection, 4, metadata=RWA, group="b", group2="B", phase1="1 hour")
        add_files(connection, 5, metadata=RWA)
        add_task(connection, job, "a", "failed")
        add_merge(connection, job, "B", "failed")
    rows = phase_rows(counted(engine, pipeline))
    assert [row["pending"] for row in rows] == [13, 17, 17]
    assert [row["movable"] for row in rows] == [5, 5, 5]
