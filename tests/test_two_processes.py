"""Two processes of one server, as gunicorn starts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text

from database.engine import connections_for, open_engine
from layouts.links import PIPELINE
from settings import Settings
from tests.factories import add_files
from tests.monitor import wait_for
from tests.remote import STATS, RemoteTab, Served, served

TICKS = 6


@pytest.fixture(scope="module")
def engine(module_database: str) -> Iterator[Engine]:
    """An engine of the server's database."""
    engine = open_engine(module_database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def two(module_database: str, engine: Engine) -> Iterator[Served]:
    """A server with two processes over 200 regions, whose numbers are renewed every 0.5 s."""
    with engine.begin() as connection:
        for number in range(200):
            add_files(connection, 1, metadata={"region": f"r{number:03}"})
    with served(module_database, SERVE_PROCESSES="2", REFRESH_SECONDS="0.5") as server:
        yield server


def test_two_processes_answer_as_one(two: Served, engine: Engine) -> None:
    tab = RemoteTab(two.url)
    tab.open(PIPELINE, "?type=fathom")
    totals, timestamps = [], []
    for _ in range(TICKS):
        _add_and_wait(two, engine)
        tab.reconnect()
        tab.tick()
        totals.append(int(tab.text("total")))
        timestamps.append(tab.timestamps["at"])
    assert totals == sorted(totals)
    assert timestamps == sorted(timestamps)
    # Whoever is asked tells what both did.
    for _ in range(4):
        assert two.counted("callback_seconds_count")["refresh.refresh_page"] == TICKS
    assert _connections(engine) <= 2 * connections_for(Settings().serve_threads, 2)


def _add_and_wait(server: Served, engine: Engine) -> int:
    """Adds a file and waits until somebody shows it: how many files there are."""
    with engine.begin() as connection:
        add_files(connection, 1, metadata={"region": "r007"})
        total = int(connection.execute(COUNT).scalar_one())
    wait_for(lambda: _total(server) == total)
    return total


def _total(server: Served) -> int | None:
    """How many files the process that answers has read; a new one has not read any yet."""
    answer = server.get(STATS)
    return answer.json()["summary"]["total_files"] if answer.status_code == 200 else None


COUNT = text("SELECT count(*) FROM app.etl_source_files")


def _connections(engine: Engine) -> int:
    """Connections of other processes to the database."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'pipeline-monitor' AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def test_a_process_that_is_killed_is_replaced_and_its_pages_go_on(
    two: Served, engine: Engine
) -> None:
    tab = RemoteTab(two.url)
    tab.open(PIPELINE, "?type=fathom")
    (folder,) = {_metrics_folder(worker) for worker in two.workers()}
    first, second = two.workers()
    first.kill()
    wait_for(lambda: len(two.workers()) == 2 and first not in two.workers())
    second.kill()
    wait_for(lambda: not second.is_running() and two.get(STATS).status_code == 200)
    total = _add_and_wait(two, engine)
    tab.reconnect()
    wait_for(lambda: bool(tab.tick()) and tab.text("total") == str(total))
    pids = {str(worker.pid) for worker in (first, second)}
    left = [path.name for path in folder.glob("gauge_live*")]
    assert [name for name in left if pids & set(name.replace(".", "_").split("_"))] == []
    two.process.terminate()
    wait_for(lambda: not folder.exists())


def _metrics_folder(process: psutil.Process) -> Path:
    (lock,) = [Path(file.path) for file in process.open_files() if Path(file.path).name == "lock"]
    return lock.parent
