"""Compares what is kept with a full count, at one moment, while writers write."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from database.engine import DatabaseError
from database.kept import file_parts, task_parts
from database.kept.rebuild import definitions, one_moment
from database.kept.sql import filled, run
from database.kept.state import TASKS, kept_subjects


@dataclass(frozen=True)
class Difference:
    """Something whose kept count is not that of a full count; both as PostgreSQL writes them."""

    what: str
    kept: str | None
    counted: str | None


def verify(engine: Engine, subject: str) -> list[Difference]:
    """What differs for a subject: a pipeline's id, or state.TASKS. Raises DatabaseError."""
    with engine.connect() as connection:
        subjects = kept_subjects(connection)
        times = task_parts.times_of_tasks(connection)
    if subject not in subjects or subjects[subject].built_at is None:
        raise DatabaseError(f"Nothing is kept of '{subject or 'app.tasks'}'; install it first")
    if subject == TASKS:
        table, parts = "tasks", task_parts.parts(definitions(subjects), times)
        script = filled("tasks_verify", parts)
    else:
        kept = subjects[subject]
        table, parts = "etl_source_files", file_parts.parts(kept.of_pipeline(), kept.number)
        script = filled("files_verify", parts)
    with one_moment(engine, table) as connection:
        return [Difference(*row) for row in run(connection, script)]
