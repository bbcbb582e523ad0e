"""The cache of snapshots: shared, single flight, and honest about a database that is away."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from database.engine import open_engine
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.snapshot import Snapshot, read_snapshot
from queries.snapshots import Snapshots


class Source:
    """Takes real snapshots, counts them, and can be made slow or broken."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reads = 0
        self.seconds = 0.0
        self.error: Exception | None = None

    def read(self, pipeline: Pipeline) -> Snapshot:
        self.reads += 1
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return read_snapshot(self.engine, pipeline, 10)


@pytest.fixture
def source(engine: Engine) -> Source:
    return Source(engine)


@pytest.fixture
def snapshots(source: Source, registry: Registry) -> Snapshots:
    return Snapshots(registry, source.read, interval=0.05)


def away() -> OperationalError:
    return OperationalError("SELECT", {}, Exception("server closed the\n connection"))


def test_before_the_first_reading_there_is_no_snapshot(snapshots: Snapshots) -> None:
    assert snapshots.latest("fathom").value is None


def test_callers_at_the_same_time_share_one_reading(snapshots: Snapshots, source: Source) -> None:
    source.seconds = 0.2
    with ThreadPoolExecutor(10) as viewers:
        results = list(viewers.map(lambda _: snapshots.renew("fathom"), range(10)))
    assert source.reads <= 2
    assert all(result.value is not None for result in results)


def test_a_renewed_reading_began_after_the_call(snapshots: Snapshots) -> None:
    first = snapshots.renew("fathom").value
    second = snapshots.renew("fathom").value
    assert first is not None
    assert second is not None
    assert second.as_of > first.as_of


def test_an_unreachable_database_leaves_the_last_numbers_and_says_why(
    snapshots: Snapshots, source: Source
) -> None:
    good = snapshots.renew("fathom")
    source.error = away()
    bad = snapshots.renew("fathom")
    assert bad.value is good.value
    assert bad.error == "server closed the connection"
    source.error = None
    assert snapshots.renew("fathom").error is None


def test_the_background_goes_on_after_any_error(snapshots: Snapshots, source: Source) -> None:
    source.error = ValueError("nobody thought of this")
    snapshots.start()
    _wait(lambda: "unexpected" in (snapshots.latest("fathom").error or ""))
    source.error = None
    _wait(lambda: snapshots.latest("fathom").value is not None)
    snapshots.stop()


def test_a_missing_table_is_told(empty_database: str, registry: Registry) -> None:
    engine = open_engine(empty_database)
    snapshots = Snapshots(registry, Source(engine).read, interval=1)
    assert "app.etl_source_files" in (snapshots.renew("fathom").error or "")
    engine.dispose()


def test_a_statement_that_takes_too_long_is_given_up(engine: Engine, registry: Registry) -> None:
    locker = engine.connect()
    locker.begin()
    locker.exec_driver_sql("LOCK TABLE app.etl_source_files IN ACCESS EXCLUSIVE MODE")
    snapshots = Snapshots(registry, lambda p: read_snapshot(engine, p, 0.2), interval=1)
    assert "statement timeout" in (snapshots.renew("fathom").error or "")
    locker.close()


def _wait(condition: Any) -> None:
    waited = threading.Event()
    for _ in range(100):
        if condition():
            return
        waited.wait(0.05)
    pytest.fail("waited in vain")
