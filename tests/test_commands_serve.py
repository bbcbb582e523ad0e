"""How the dashboard is served: what fits together, and where processes measure."""

from __future__ import annotations

import runpy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from commands import metrics_folder as folders
from commands.metrics_folder import make_metrics_folder, metrics_folder, remove_metrics_folder
from commands.serve import CONFIGURATION
from database.engine import connections_for, open_engine
from layouts.page import DEFAULT
from queries.snapshot_reader import open_snapshot_reader
from tests.monitor import wait_for


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a folder, restored after the test."""
    monkeypatch.setenv(folders.MEASURED, "")
    monkeypatch.delenv(folders.MEASURED)
    return monkeypatch


def configuration() -> dict[str, Any]:
    return runpy.run_path(str(CONFIGURATION))


def test_the_configuration_follows_the_settings(environment: pytest.MonkeyPatch) -> None:
    for name, value in {"SERVE_PROCESSES": 3, "SERVE_THREADS": 5, "HOST": "::1"}.items():
        environment.setenv(name, str(value))
    found = configuration()
    assert (found["workers"], found["threads"], found["bind"]) == (3, 5, "[::1]:8050")


def test_a_tab_stays_with_its_process_between_two_ticks() -> None:
    found = configuration()
    assert found["keepalive"] > 2 * DEFAULT
    assert found["worker_connections"] > 1000


def test_processes_measure_in_a_folder_that_others_cannot_read(
    environment: pytest.MonkeyPatch,
) -> None:
    assert metrics_folder() is None
    folder = make_metrics_folder()
    assert metrics_folder() == folder
    assert folder.stat().st_mode & 0o077 == 0
    remove_metrics_folder()
    assert not folder.exists()


def test_a_folder_of_the_environments_own_is_left(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv(folders.MEASURED, str(tmp_path))
    remove_metrics_folder()
    assert tmp_path.exists()


def test_what_a_killed_server_left_is_removed_and_nothing_else(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setattr(folders, "MEMORY", tmp_path)
    left = tmp_path / f"{folders.BEGINNING}left"
    left.mkdir()
    (left / "lock").touch()
    living = make_metrics_folder()
    assert not left.exists()
    make_metrics_folder()
    assert living.exists()


def test_every_thread_of_a_process_has_a_connection(database: str, fathom: Any) -> None:
    threads = 3
    engine = open_engine(database, connections=connections_for(threads, 1))
    watcher = open_engine(database)
    locker = watcher.connect()
    locker.execute(text("LOCK TABLE app.etl_source_files, app.jobs IN ACCESS EXCLUSIVE MODE"))
    with ThreadPoolExecutor(connections_for(threads, 1)) as pool:
        take = open_snapshot_reader(engine, {"fathom": fathom}, 30)
        waiting = [pool.submit(take, fathom)]
        waiting += [pool.submit(_count_jobs, engine) for _ in range(threads + 2)]
        wait_for(lambda: _waiting(watcher) == len(waiting))
        locker.rollback()
        assert [one.exception() for one in waiting] == [None] * len(waiting)
    locker.close()
    for one in (engine, watcher):
        one.dispose()


def _count_jobs(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM app.jobs"))


def _waiting(engine: Engine) -> int:
    """How many sessions of the database wait for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
