"""Compares the rollups with a full count in one snapshot, while writers write."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from database.engine import DatabaseError
from database.rollups import file_templates, task_templates
from database.rollups.rebuild import definitions, snapshot_transaction
from database.rollups.sql import filled, run
from database.rollups.state import TASKS, rollups_of


@dataclass(frozen=True)
class Difference:
    """A rollup that differs from a full count; both values as PostgreSQL writes them."""

    what: str
    rollup: str | None
    counted: str | None


def verify(engine: Engine, subject: str) -> list[Difference]:
    """The differences of a subject: a pipeline's id, or state.TASKS. Raises DatabaseError."""
    with engine.connect() as connection:
        subjects = rollups_of(connection)
        times = task_templates.times_of_tasks(connection)
    if subject not in subjects or subjects[subject].built_at is None:
        raise DatabaseError(
            f"There are no rollups of '{subject or 'app.tasks'}'; install them first"
        )
    if subject == TASKS:
        table, values = "tasks", task_templates.template_values(definitions(subjects), times)
        script = filled("tasks_verify", values)
    else:
        rollup = subjects[subject]
        table, values = (
            "etl_source_files",
            file_templates.template_values(rollup.of_pipeline(), rollup.number),
        )
        script = filled("files_verify", values)
    with snapshot_transaction(engine, table) as connection:
        return [Difference(*row) for row in run(connection, script)]
