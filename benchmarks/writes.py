"""What the triggers that keep the counts cost those who write: statements with and without them.

A session without them says so (`session_replication_role`), which they heed while this measures;
everything that is written is undone in the same way, so that the rollups stay right.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain, repeat
from statistics import median
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812
from sqlalchemy import Engine, make_url

from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, at_least, at_most, files_size
from benchmarks.setup import DESIGN, Setup
from database.rollups.triggers import EVENTS

WITH, WITHOUT = "with the triggers", "without them"
WRITERS = 16
ROWS = 1000
# Statements a repetition.
UPDATES, INSERTS = 40, 5
# Many writers: their rounds a repetition, and each one's statements a round. Rounds differ by a
# tenth and more, so there are many. Before them, those that make a session's plans.
ROUNDS, UPDATES_A_WRITER, UPDATES_BEFORE = 5, 100, 20

ALTER = "ALTER TABLE app.etl_source_files"
Sessions = Mapping[str, Connection]


def measure(setup: Setup) -> list[Row]:
    """Rows of a group's UPDATE, of an INSERT, and of many writers at once, at each size."""
    rows: list[Row] = []
    for files in setup.sizes:
        with (
            setup.files(files) as url,
            rollup_engine(url, setup.registry) as engine,
            _heeding_sessions(engine),
        ):
            rows += _single(setup, files, engine, url)
            if files > DESIGN or setup.small:
                rows.append(_many(setup, files, engine, url))
    return rows


@contextmanager
def _heeding_sessions(engine: Engine) -> Iterator[None]:
    """The triggers fire in sessions alone that do not say otherwise."""
    with engine.begin() as connection:
        for event in EVENTS:
            connection.exec_driver_sql(f"{ALTER} ENABLE TRIGGER monitor_files_{event}")
    try:
        yield
    finally:
        with engine.begin() as connection:
            for event in EVENTS:
                connection.exec_driver_sql(f"{ALTER} ENABLE ALWAYS TRIGGER monitor_files_{event}")


def _single(setup: Setup, files: int, engine: Engine, url: str) -> Iterator[Row]:
    group = _groups(engine, 1)[0]
    with engine.connect() as connection:
        largest = connection.exec_driver_sql(LARGEST).scalar_one()
    actions = {
        ("UPDATE of a group's 8 files", 1.25): (_update(group), UPDATES),
        ("INSERT of 1,000 files", 1.5): (_insert(largest), INSERTS),
    }
    with _session(url, WITH) as own, _session(url, WITHOUT) as other:
        sessions = {WITH: own, WITHOUT: other}
        for (name, most), (action, often) in actions.items():
            found = _medians(action, sessions, setup.repeat, often)
            yield Row(
                f"{name}, with the triggers",
                files_size(files),
                "ms",
                1000 * found[WITH],
                1000 * found[WITHOUT],
                WITHOUT,
                at_most(most),
                "fsync is on; each statement is committed on its own.",
            )


def _medians(
    action: Callable[[Connection], Sequence[float]], sessions: Sessions, repeat: int, often: int
) -> dict[str, float]:
    """The median seconds of an action by session, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(repeat * often):
        for name, session in sessions.items():
            taken[name] += action(session)
    return {name: median(seconds) for name, seconds in taken.items()}


def _update(group: str) -> Callable[[Connection], Sequence[float]]:
    def update(session: Connection) -> Sequence[float]:
        completed = _timed(session, COMPLETE, (group,))
        return completed, _timed(session, REOPEN, (group,))

    return update


def _insert(largest: int) -> Callable[[Connection], Sequence[float]]:
    def insert(session: Connection) -> Sequence[float]:
        seconds = _timed(session, INSERT, (ROWS,))
        _timed(session, DELETE, (largest,))
        return [seconds]

    return insert


def _timed(session: Connection, statement: str, values: tuple[Any, ...]) -> float:
    began = time.perf_counter()
    with session.cursor() as cursor:
        cursor.execute(statement, values)
    return time.perf_counter() - began


def _many(setup: Setup, files: int, engine: Engine, url: str) -> Row:
    groups = _groups(engine, WRITERS)
    rates: dict[str, list[float]] = {WITH: [], WITHOUT: []}
    with ThreadPoolExecutor(len(groups)) as pool, ExitStack() as opened:

        def seconds(name: str, updates: int) -> float:
            began = time.perf_counter()
            list(pool.map(_write, sessions[name], groups, repeat(updates)))
            return time.perf_counter() - began

        sessions = {
            name: [opened.enter_context(_session(url, name)) for _ in groups] for name in rates
        }
        for name in rates:
            seconds(name, UPDATES_BEFORE)
        for _ in range(setup.repeat * (1 if setup.small else ROUNDS)):
            for name, found in rates.items():
                found.append(len(groups) * UPDATES_A_WRITER / seconds(name, UPDATES_A_WRITER))
    return Row(
        f"{len(groups)} writers at once, groups of one region, with the triggers",
        files_size(files),
        "UPDATEs/s",
        median(rates[WITH]),
        median(rates[WITHOUT]),
        WITHOUT,
        at_least(0.8),
        "The writers complete and reopen a group each, of the same region, flood type, defense and "
        "year where it has so many, over a connection each that has done so before.",
    )


def _write(session: Connection, group: str, updates: int) -> None:
    for _ in range(updates // 2):
        _update(group)(session)


@contextmanager
def _session(url: str, name: str) -> Iterator[Connection]:
    session = psycopg2.connect(make_url(url).render_as_string(hide_password=False))
    try:
        session.autocommit = True
        if name == WITHOUT:
            with session.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
        yield session
    finally:
        session.close()


def _groups(engine: Engine, most: int) -> list[str]:
    """Pending groups of the cell of the cube that has most of them, and then of its region."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(GROUPS, (most,)).all()
    return list(chain.from_iterable(found))


GROUPS = """
WITH pending AS (
    SELECT DISTINCT phase1_group_key AS name, source_metadata ->> 'region' AS region,
           concat_ws(' ', source_metadata ->> 'flood_type', source_metadata ->> 'defense',
                     source_metadata ->> 'year') AS cell
    FROM (SELECT * FROM app.etl_source_files
          WHERE etl_type = 'fathom' AND phase1_completed_at IS NULL ORDER BY id DESC LIMIT 400000)
         AS late
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY region, cell) AS of_cell,
           count(*) OVER (PARTITION BY region) AS of_region
    FROM pending
)
SELECT name FROM counted ORDER BY of_region DESC, region, of_cell DESC, cell, name LIMIT %s
"""
COMPLETE = """
UPDATE app.etl_source_files
SET phase1_completed_at = now(), phase1_output_blob = 'output.tif', phase1_job_id = 'bench',
    updated_at = now()
WHERE etl_type = 'fathom' AND phase1_group_key = %s
"""
REOPEN = """
UPDATE app.etl_source_files
SET phase1_completed_at = NULL, phase1_output_blob = NULL, phase1_job_id = NULL,
    updated_at = now()
WHERE etl_type = 'fathom' AND phase1_group_key = %s
"""
# As an inventory inserts them: files of several groups and scenarios, nothing of them done.
INSERT = """
INSERT INTO app.etl_source_files (etl_type, source_blob_path, source_container, file_size_bytes,
                                  source_metadata, phase1_group_key, phase2_group_key)
SELECT etl_type, 'bench/' || source_blob_path, source_container, file_size_bytes, source_metadata,
       phase1_group_key, phase2_group_key
FROM app.etl_source_files WHERE etl_type = 'fathom' ORDER BY id LIMIT %s
"""
LARGEST = "SELECT max(id) FROM app.etl_source_files"
DELETE = "DELETE FROM app.etl_source_files WHERE id > %s"
