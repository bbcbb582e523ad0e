"""Installs the rollups, pipeline by pipeline, and removes them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from database.engine import DatabaseError, error_message
from database.rollups import file_templates, task_templates
from database.rollups.definition import VERSION, Definition, MissingColumn, define
from database.rollups.grants import grant_readers
from database.rollups.locks import INSTALLATION, advisory_lock
from database.rollups.migrate import current, migrate
from database.rollups.rebuild import definitions, is_invalid, rebuild
from database.rollups.shape import JOB_COLUMNS, TASK_COLUMNS, Column, columns_as_they_are, unseen
from database.rollups.sql import filled, run
from database.rollups.state import TASKS, Rollup, rollups_of, stored, write_definition
from database.rollups.triggers import are_whole, drop_triggers, files_changed, make_triggers
from pipelines.registry import Registry

# Creating a trigger locks out writers for a moment; they must not queue behind us for long.
LOCK_SECONDS = 0.2
LOCK_ATTEMPTS = 50
PAUSE_SECONDS = 1.0


def install(engine: Engine, registry: Registry, tell: Callable[[str], None]) -> None:
    """Installs the rollups of every registered pipeline and of the tasks; `tell` gets the steps.

    Existing rollups stay as they are. Raises DatabaseError, which leaves them unchanged too.
    """
    try:
        with advisory_lock(engine, INSTALLATION):
            _check_seen(engine)
            _change(engine, migrate)
            _install_files(engine, registry, tell)
            _install_tasks(engine, tell)
            with engine.begin() as connection:
                grant_readers(connection)
    except DBAPIError as error:
        raise DatabaseError(f"The rollups can't be installed: {error_message(error)}") from error


def remove(engine: Engine) -> bool:
    """Removes schema `monitor` and its triggers; false if there was none."""
    with advisory_lock(engine, INSTALLATION):
        with engine.connect() as connection:
            if current(connection) is None:
                return False
        _change(engine, lambda connection: run(connection, "DROP SCHEMA monitor CASCADE"))
    return True


def _check_seen(engine: Engine) -> None:
    """Raises DatabaseError if triggers would not see all changes of a table."""
    with engine.connect() as connection:
        for table in ("etl_source_files", "tasks"):
            if reason := unseen(connection, table):
                raise DatabaseError(
                    f"Rollups can't be installed: app.{table} {reason}. Nothing was changed; pages "
                    "count from the tables"
                )


def _install_files(engine: Engine, registry: Registry, tell: Callable[[str], None]) -> None:
    with engine.connect() as connection:
        changed = _changed(connection, registry)
    if changed:
        _change(engine, lambda connection: _make_files(connection, changed))
    with engine.connect() as connection:
        subjects = rollups_of(connection)
    for rollup in subjects.values():
        if rollup.subject == TASKS:
            continue
        if rollup.built_at is None or is_invalid(engine, rollup.subject):
            rebuild(engine, rollup.subject)
            tell(f"{rollup.subject}: counted and installed")
        else:
            tell(f"{rollup.subject}: is installed")


def _changed(connection: Connection, registry: Registry) -> list[Definition]:
    """The pipelines whose rollups do not match their registry entry; without triggers, all."""
    subjects = rollups_of(connection)
    wanted = {one.pipeline.id: one for one in definitions(subjects)}
    wanted |= {name: define(connection, pipeline) for name, pipeline in registry.items()}
    if not are_whole(connection, "etl_source_files"):
        return list(wanted.values())
    digests = {name: rollup.digest for name, rollup in subjects.items()}
    return [one for name, one in wanted.items() if one.digest != digests.get(name)]


def _make_files(connection: Connection, changed: Sequence[Definition]) -> None:
    drop_triggers(connection, "etl_source_files")
    for definition in changed:
        number = _enter(connection, definition.pipeline.id, stored(definition), definition.digest)
        values = file_templates.template_values(definition, number)
        for template in ("files_drop", "files"):
            run(connection, filled(template, values))
    pipelines = [rollup for rollup in rollups_of(connection).values() if rollup.subject != TASKS]
    run(connection, filled("files_function", {"files_changed_body": files_changed(pipelines)}))
    make_triggers(connection, "etl_source_files", "monitor.files_changed")


def _enter(connection: Connection, subject: str, definition: Any, digest: str) -> int:
    values = {"subject": subject, "definition": write_definition(definition), "digest": digest}
    return int(connection.execute(ENTER, values).scalar_one())


ENTER = text(
    """
    INSERT INTO monitor.rollups (subject, number, definition, digest)
    SELECT :subject, CASE WHEN :subject = '' THEN 0 ELSE coalesce(max(number), 0) + 1 END,
           CAST(:definition AS jsonb), :digest
    FROM monitor.rollups
    ON CONFLICT (subject) DO UPDATE
    SET definition = excluded.definition, digest = excluded.digest, built_at = NULL, low = NULL,
        generation = nextval('monitor.generations')
    RETURNING number
    """
)


def _install_tasks(engine: Engine, tell: Callable[[str], None]) -> None:
    with engine.connect() as connection:
        subjects = rollups_of(connection)
        guarded = are_whole(connection, "tasks")
        times = task_templates.times_of_tasks(connection)
        columns = columns_as_they_are(connection, "tasks", TASK_COLUMNS)
        of_jobs = columns_as_they_are(connection, "jobs", JOB_COLUMNS)
    if missing := sorted(set(TASK_COLUMNS) - {name for name, _ in columns}):
        raise MissingColumn(f"app.tasks has no column {missing[0]}; add it")
    if missing := sorted(set(JOB_COLUMNS) - {name for name, _ in of_jobs}):
        raise MissingColumn(f"app.jobs has no column {missing[0]}; add it")
    of_pipelines = definitions(subjects)
    digest = _tasks_digest(of_pipelines, times, (*columns, *of_jobs))
    rollup: Rollup | None = subjects.get(TASKS)
    if not (rollup and rollup.digest == digest and guarded):
        values = task_templates.template_values(of_pipelines, times, columns, of_jobs)
        _change(engine, lambda connection: _make_tasks(connection, values, digest, columns))
        rollup = None
    if rollup is None or rollup.built_at is None or is_invalid(engine, TASKS):
        rebuild(engine, TASKS)
        tell("app.tasks: counted and installed")
    else:
        tell("app.tasks: is installed")


def _tasks_digest(
    of_pipelines: Sequence[Definition], times: task_templates.Times, columns: Sequence[Column]
) -> str:
    facts = [
        VERSION,
        times.kind,
        times.zone,
        columns,
        sorted(definition.digest for definition in of_pipelines),
    ]
    return sha256(json.dumps(facts).encode()).hexdigest()


def _make_tasks(
    connection: Connection, values: dict[str, str], digest: str, columns: Sequence[Column]
) -> None:
    _enter(connection, TASKS, {"columns": columns}, digest)
    drop_triggers(connection, "tasks")
    run(connection, filled("tasks_functions", values))
    make_triggers(connection, "tasks", "monitor.tasks_changed")


def _change(engine: Engine, make: Callable[[Connection], Any]) -> None:
    """Changes tables or triggers in one transaction, without blocking writers for long."""
    for _ in range(LOCK_ATTEMPTS):
        try:
            with _impatient(engine) as connection:
                make(connection)
            return
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            time.sleep(PAUSE_SECONDS)
    raise DatabaseError(
        f"The tables were in use for {LOCK_ATTEMPTS * PAUSE_SECONDS:.0f} seconds without a pause; "
        "nothing was changed. Try again when no long transaction writes them."
    )


LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def _impatient(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        # The role's own limits are meant for other statements.
        milliseconds = round(LOCK_SECONDS * 1000)
        run(connection, f"SET LOCAL lock_timeout = {milliseconds}; SET LOCAL statement_timeout = 0")
        yield connection
