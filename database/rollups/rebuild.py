"""Full counts while writers write: one snapshot is counted, later changes are added to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from sqlalchemy import Connection, Engine, text

from database.engine import DatabaseError
from database.rollups import file_templates, task_templates
from database.rollups.definition import Definition
from database.rollups.locks import advisory_lock
from database.rollups.sql import filled, run
from database.rollups.state import TASKS, Rollup, reasons, rollups_of

BATCH = 1000
# A role's limits are meant for other statements.
NO_LIMITS = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
PATIENCE_SECONDS = 0.05
ROUNDS = 600


def rebuild(engine: Engine, subject: str, *, only_invalid: bool = False) -> None:
    """Recounts a subject: a pipeline's files, or all tasks (state.TASKS).

    only_invalid: do nothing if another process has recounted it in the meantime.
    Raises DatabaseError if it is not installed.
    """
    with engine.connect() as connection:
        subjects = rollups_of(connection)
    if subject not in subjects:
        raise DatabaseError(
            f"There are no rollups of '{subject or 'app.tasks'}'; install them first"
        )
    if subject == TASKS:
        _rebuild_tasks(engine, definitions(subjects))
    else:
        rollup = subjects[subject]
        script = filled(
            "files_count", file_templates.template_values(rollup.of_pipeline(), rollup.number)
        )
        with advisory_lock(engine, rollup.number):
            if not only_invalid or is_invalid(engine, subject):
                with snapshot_transaction(engine, "etl_source_files") as connection:
                    run(connection, script)


def is_invalid(engine: Engine, subject: str) -> bool:
    """Whether a subject's rollups are invalid."""
    with engine.connect() as connection:
        return bool(reasons(connection, subject))


def definitions(subjects: dict[str, Rollup]) -> list[Definition]:
    """The definitions of the pipelines with rollups."""
    return [rollup.of_pipeline() for name, rollup in subjects.items() if name != TASKS]


@contextmanager
def snapshot_transaction(engine: Engine, table: str) -> Iterator[Connection]:
    """A transaction that sees a table of schema `app` and its rollups in one snapshot."""
    options = {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        # Both come before the first query, which takes the snapshot: an earlier TRUNCATE is
        # visible, a later one waits.
        run(connection, NO_LIMITS)
        run(connection, "SET LOCAL work_mem = '128MB'")
        run(connection, f"LOCK TABLE app.{table} IN ACCESS SHARE MODE")
        yield connection


def _rebuild_tasks(engine: Engine, of_pipelines: Sequence[Definition]) -> None:
    refresh_all_phase_tasks(engine, of_pipelines)
    with engine.connect() as connection:
        times = task_templates.times_of_tasks(connection)
    values = task_templates.template_values(of_pipelines, times)
    with advisory_lock(engine, 0), snapshot_transaction(engine, "tasks") as connection:
        run(connection, filled("tasks_count", values))


def refresh_all_phase_tasks(engine: Engine, of_pipelines: Sequence[Definition]) -> None:
    """Refreshes the rollup row of every task, in batches that hardly delay writers."""
    for ids in chain(_batches(engine, of_pipelines), _gone(engine)):
        left, rounds = ids, 0
        while left := _keep(engine, left):
            # These rows are locked. Waiting for one while holding others could deadlock.
            rounds += 1
            if rounds > ROUNDS:
                raise DatabaseError(
                    f"{len(left)} tasks are locked by another transaction for long, "
                    f"e.g. {left[0]}; end that transaction and try again"
                )
            time.sleep(PATIENCE_SECONDS)


def _batches(engine: Engine, of_pipelines: Sequence[Definition]) -> Iterator[list[str]]:
    phases = [phase for definition in of_pipelines for phase in definition.pipeline.phases]
    types = sorted({phase.task_type for phase in phases if phase.has_tasks and phase.task_type})
    last = ""
    while True:
        with engine.connect() as connection:
            run(connection, NO_LIMITS)
            values = {"types": types, "last": last, "most": BATCH}
            ids = list(connection.execute(NEXT_TASKS, values).scalars())
        if not ids:
            return
        yield ids
        last = ids[-1]


NEXT_TASKS = text(
    """
    SELECT task_id::text FROM app.tasks
    WHERE task_type = ANY (:types) AND task_id > :last ORDER BY task_id LIMIT :most
    """
)


def _gone(engine: Engine) -> Iterator[list[str]]:
    """Rollup rows without a task: none, unless a task was deleted without the triggers."""
    with engine.connect() as connection:
        run(connection, NO_LIMITS)
        ids = list(connection.execute(GONE_TASKS).scalars())
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


GONE_TASKS = text(
    """
    SELECT task_id FROM monitor.phase_tasks AS rollup
    WHERE NOT EXISTS (SELECT FROM app.tasks WHERE tasks.task_id = rollup.task_id)
    """
)


def _keep(engine: Engine, ids: Sequence[str]) -> list[str]:
    """The rows whose tasks another transaction has locked."""
    with engine.begin() as connection:
        run(connection, NO_LIMITS)
        mine = set(connection.execute(LOCK_TASKS, {"ids": list(ids)}).scalars())
        there = set(connection.execute(THERE, {"ids": list(ids)}).scalars())
        held_by_others = there - mine
        done = [task_id for task_id in ids if task_id not in held_by_others]
        connection.execute(text("SELECT monitor.refresh_phase_tasks(:ids)"), {"ids": done})
    return sorted(held_by_others)


LOCK_TASKS = text("SELECT task_id FROM app.tasks WHERE task_id = ANY (:ids) FOR SHARE SKIP LOCKED")
THERE = text("SELECT task_id FROM app.tasks WHERE task_id = ANY (:ids)")
