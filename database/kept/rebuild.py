"""Full counts while writers write: one transaction sees one moment, what comes later is added."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from sqlalchemy import Connection, Engine, text

from database.engine import DatabaseError
from database.kept import file_parts, task_parts
from database.kept.definition import Definition
from database.kept.locks import held
from database.kept.sql import filled, run
from database.kept.state import TASKS, Kept, kept_subjects, reasons

BATCH = 1000
# A role's limits are meant for other statements.
NO_LIMITS = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
PATIENCE_SECONDS = 0.05
ROUNDS = 600


def rebuild(engine: Engine, subject: str, *, only_doubted: bool = False) -> None:
    """Counts a subject anew: a pipeline's files, or all tasks (state.TASKS).

    only_doubted: nothing is done when somebody else has counted it while this one waited.
    Raises DatabaseError when it is not installed.
    """
    with engine.connect() as connection:
        subjects = kept_subjects(connection)
    if subject not in subjects:
        raise DatabaseError(f"Nothing is kept of '{subject or 'app.tasks'}'; install it first")
    if subject == TASKS:
        _rebuild_tasks(engine, definitions(subjects))
    else:
        kept = subjects[subject]
        script = filled("files_count", file_parts.parts(kept.of_pipeline(), kept.number))
        with held(engine, kept.number):
            if not only_doubted or is_doubted(engine, subject):
                with one_moment(engine, "etl_source_files") as connection:
                    run(connection, script)


def is_doubted(engine: Engine, subject: str) -> bool:
    """Whether what is kept of a subject can't be believed."""
    with engine.connect() as connection:
        return bool(reasons(connection, subject))


def definitions(subjects: dict[str, Kept]) -> list[Definition]:
    """The definitions of the kept pipelines."""
    return [kept.of_pipeline() for name, kept in subjects.items() if name != TASKS]


@contextmanager
def one_moment(engine: Engine, table: str) -> Iterator[Connection]:
    """A transaction that sees a table of schema `app` and what is kept of it at one moment."""
    options = {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        # Both come before the first query, which is when the transaction's moment is taken: a
        # TRUNCATE before it is seen, one after it waits.
        run(connection, NO_LIMITS)
        run(connection, "SET LOCAL work_mem = '128MB'")
        run(connection, f"LOCK TABLE app.{table} IN ACCESS SHARE MODE")
        yield connection


def _rebuild_tasks(engine: Engine, of_pipelines: Sequence[Definition]) -> None:
    keep_all_phase_tasks(engine, of_pipelines)
    with engine.connect() as connection:
        times = task_parts.times_of_tasks(connection)
    parts = task_parts.parts(of_pipelines, times)
    with held(engine, 0), one_moment(engine, "tasks") as connection:
        run(connection, filled("tasks_count", parts))


def keep_all_phase_tasks(engine: Engine, of_pipelines: Sequence[Definition]) -> None:
    """Brings the kept row of every task up to date, some at a time; writers hardly wait."""
    for ids in chain(_batches(engine, of_pipelines), _gone(engine)):
        left, rounds = ids, 0
        while left := _keep(engine, left):
            # Somebody holds these rows; waiting for one while others are held could be a deadlock.
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
    """The kept rows whose task is gone: none, unless it went behind the triggers."""
    with engine.connect() as connection:
        run(connection, NO_LIMITS)
        ids = list(connection.execute(GONE_TASKS).scalars())
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


GONE_TASKS = text(
    """
    SELECT task_id FROM monitor.phase_tasks AS kept
    WHERE NOT EXISTS (SELECT FROM app.tasks WHERE tasks.task_id = kept.task_id)
    """
)


def _keep(engine: Engine, ids: Sequence[str]) -> list[str]:
    """Those of the tasks that somebody else holds."""
    with engine.begin() as connection:
        run(connection, NO_LIMITS)
        mine = set(connection.execute(LOCK_TASKS, {"ids": list(ids)}).scalars())
        there = set(connection.execute(THERE, {"ids": list(ids)}).scalars())
        held_by_others = there - mine
        done = [task_id for task_id in ids if task_id not in held_by_others]
        connection.execute(text("SELECT monitor.keep_phase_tasks(:ids)"), {"ids": done})
    return sorted(held_by_others)


LOCK_TASKS = text("SELECT task_id FROM app.tasks WHERE task_id = ANY (:ids) FOR SHARE SKIP LOCKED")
THERE = text("SELECT task_id FROM app.tasks WHERE task_id = ANY (:ids)")
