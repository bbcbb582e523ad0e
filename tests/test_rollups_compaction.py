"""Folding: what is kept stays right, by minute, by hour, and for the starts of stages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.rollups.compaction import compact
from database.rollups.file_templates import LOCK_CLASS
from database.rollups.keeper import Keeper
from database.rollups.state import TASKS
from database.rollups.verify import verify
from pipelines.models import Pipeline
from queries.frames import read_transaction
from queries.snapshot import count_snapshot
from queries.snapshot_reader import SnapshotReader
from tests.agreement import assert_agree
from tests.factories import RWA, add_files, add_job, add_task, read_now


def write(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_fold_leaves_no_changes_and_the_same_numbers(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 3, metadata=RWA, phase1="5 minutes")
    assert compact(engine, "fathom") == 3
    assert rows(engine, "SELECT * FROM monitor.fathom_changes") == []
    assert int(read_now(engine, fathom).files["phase1_recent"].sum()) == 3
    assert compact(engine, "fathom") == 0


def test_a_completion_that_moves_leaves_its_minute(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1", phase1="20 minutes")
    compact(engine, "fathom")
    write(engine, "UPDATE app.etl_source_files SET phase1_completed_at = now()")
    compact(engine, "fathom")
    assert rows(engine, "SELECT files FROM monitor.fathom_minutes ORDER BY at") == [(0,), (8,)]
    assert verify(engine, "fathom") == []
    read_now(engine, fathom)


@pytest.mark.parametrize("compacted", [False, True])
def test_what_is_left_of_a_failed_group_is_looked_at_again(
    engine: Engine, fathom: Pipeline, compacted: bool
) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "failed")
    snapshots = SnapshotReader(engine, fathom, 10)
    for left in (8, 5, 2):
        assert int(snapshots.read().work["failed"].sum()) == left
        complete = "UPDATE app.etl_source_files SET phase1_completed_at = now() WHERE id IN ("
        pending = "SELECT id FROM app.etl_source_files WHERE phase1_completed_at IS NULL LIMIT 3)"
        write(engine, complete + pending)
        if compacted:
            assert compact(engine, "fathom")


def test_minutes_become_hours_after_two_days(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA, phase1="47 hours")
        add_files(connection, 3, metadata=RWA, phase1="47 hours 20 minutes")
    compact(engine, "fathom")
    # As if two hours had passed.
    write(engine, "UPDATE monitor.fathom_minutes SET at = at - interval '2 hours'")
    write(
        engine,
        "UPDATE app.etl_source_files"
        " SET phase1_completed_at = phase1_completed_at - interval '2 hours'",
    )
    write(engine, "DELETE FROM monitor.fathom_changes")
    write(engine, "UPDATE monitor.rollups SET hours_before = hours_before - interval '2 hours'")
    compact(engine, "fathom")
    assert rows(engine, "SELECT * FROM monitor.fathom_minutes") == []
    assert rows(engine, "SELECT sum(files) FROM monitor.fathom_hours") == [(5,)]
    write(engine, "DELETE FROM app.etl_source_files")
    compact(engine, "fathom")
    assert rows(engine, "SELECT DISTINCT files FROM monitor.fathom_hours") == [(0,)]
    assert verify(engine, "fathom") == []


EDGE = "(SELECT hours_before FROM monitor.rollups WHERE subject = 'fathom')"


def test_a_completion_at_the_edge_of_the_hours_is_in_one_of_them(engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA)
    # The template may be of the hour before.
    compact(engine, "fathom")
    write(engine, f"UPDATE app.etl_source_files SET phase1_completed_at = {EDGE}")
    compact(engine, "fathom")
    assert rows(engine, "SELECT files FROM monitor.fathom_minutes") == [(2,)]
    assert rows(engine, "SELECT files FROM monitor.fathom_hours") == []
    assert verify(engine, "fathom") == []


def test_minutes_at_the_new_edge_of_the_hours_stay_minutes(engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA)
    # The template may be of the hour before.
    compact(engine, "fathom")
    write(engine, f"UPDATE app.etl_source_files SET phase1_completed_at = {EDGE}")
    # As if the last compaction had been an hour ago.
    write(engine, "UPDATE monitor.rollups SET hours_before = hours_before - interval '1 hour'")
    compact(engine, "fathom")
    edge = f"at = {EDGE}"
    assert rows(engine, f"SELECT files FROM monitor.fathom_minutes WHERE {edge}") == [(2,)]
    assert rows(engine, "SELECT files FROM monitor.fathom_hours") == []


def test_who_read_too_long_ago_looks_at_every_group_again(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "failed")
    snapshots = SnapshotReader(engine, fathom, 10)
    assert int(snapshots.read().work["failed"].sum()) == 8
    write(
        engine,
        "DELETE FROM app.etl_source_files WHERE id IN (SELECT min(id) FROM app.etl_source_files)",
    )
    for _ in range(3):
        # What was dirty is forgotten after ten minutes.
        write(engine, "UPDATE monitor.rollups SET dirty_at = dirty_at - interval '11 minutes'")
        compact(engine, "fathom")
    assert rows(engine, "SELECT * FROM monitor.fathom_dirty_groups") == []
    assert int(snapshots.read().work["failed"].sum()) == 7


@pytest.mark.parametrize("compacted", [False, True])
def test_the_last_day_of_work_is_found_again_when_later_work_is_gone(
    engine: Engine, fathom: Pipeline, compacted: bool
) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        job = add_job(connection, "job-1")
        last = add_task(connection, job, "g1", "completed", seconds=10, ended="1 minute")
        add_task(connection, job, "g1", "completed", seconds=20, ended="30 hours")
        # So long before the last one that nobody holds it.
        add_task(connection, job, "g1", "completed", seconds=30, ended="52 hours")
    compact(engine, TASKS)
    snapshots = SnapshotReader(engine, fathom, 10)
    assert int(snapshots.read().work["done"].sum()) == 1
    write(engine, f"DELETE FROM app.tasks WHERE task_id = '{last}'")
    if compacted:
        compact(engine, TASKS)
    with read_transaction(engine, 10) as connection:
        rollup = snapshots.read_in(connection)
        assert_agree(rollup, count_snapshot(connection, fathom))
    assert int(rollup.work["done"].sum()) == 2


def test_a_stages_start_is_looked_for_again_when_it_is_gone(
    engine: Engine, fathom: Pipeline
) -> None:
    with engine.begin() as connection:
        job = add_job(connection, "job-1")
        first = add_task(connection, job, "g1", "failed", seconds=90, ended="1 minute")
        add_task(connection, job, "g2", "processing", seconds=30)
    compact(engine, TASKS)
    write(
        engine,
        f"UPDATE app.tasks SET execution_started_at = NULL WHERE task_id = '{first}'",
    )
    read_now(engine, fathom)
    compact(engine, TASKS)
    read_now(engine, fathom)
    rollup = rows(engine, "SELECT started FROM monitor.task_stages")
    assert rollup == rows(engine, "SELECT min(execution_started_at) FROM app.tasks")


def test_one_fold_at_a_time(engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA)
    number = rows(engine, "SELECT number FROM monitor.rollups WHERE subject = 'fathom'")[0][0]
    with engine.begin() as other:
        other.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, {number})"))
        assert compact(engine, "fathom") is None
    assert compact(engine, "fathom") == 1


def test_a_fold_does_not_wait_for_a_writer_and_misses_nothing(
    engine: Engine, fathom: Pipeline
) -> None:
    with engine.connect() as slow, slow.begin():
        add_files(slow, 2, metadata=RWA)
        with engine.begin() as quick:
            add_files(quick, 3, metadata=RWA)
        assert compact(engine, "fathom") == 3
    assert int(read_now(engine, fathom).files["total"].sum()) == 5
    assert compact(engine, "fathom") == 2


@pytest.mark.parametrize("subject", ["fathom", TASKS])
def test_the_keeper_counts_anew_what_can_not_be_believed(
    engine: Engine, fathom: Pipeline, subject: str
) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA)
        values = {"subject": subject}
        invalid = "INSERT INTO monitor.invalid (subject, reason) VALUES (:subject, 'a doubt')"
        connection.execute(text(invalid), values)
    Keeper(engine, 60).compact_all()
    assert rows(engine, "SELECT * FROM monitor.invalid") == []
    assert int(read_now(engine, fathom).files["total"].sum()) == 1
