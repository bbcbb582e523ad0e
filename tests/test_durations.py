"""Durations are between instants: clocks that change meanwhile make no difference."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import Engine, text

from database.engine import open_engine
from database.rollups.install import install
from database.rollups.state import TASKS
from database.rollups.verify import verify
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.phases import phases
from queries.snapshot_reader import SnapshotReader
from tests.factories import RWA, add_files, add_job, add_task, read_now, report

SECONDS = [
    # The clock goes forward at 02:00, and back at 02:00.
    ("America/New_York", "2026-03-08 01:59", "2026-03-08 03:01", 120.0),
    ("America/New_York", "2026-11-01 01:50", "2026-11-01 01:05", None),
    ("America/New_York", "2026-06-01 12:00", "2026-06-01 12:00:09.5", 9.5),
    # Half an hour, at 02:00.
    ("Australia/Lord_Howe", "2026-10-04 01:59", "2026-10-04 02:31", 120.0),
    ("Asia/Kathmandu", "2026-03-08 01:59", "2026-03-08 03:01", 3720.0),
    # A start in UTC, an end in the server's zone.
    ("America/New_York", "2026-06-01 17:00", "2026-06-01 12:00:01", None),
    ("UTC", "infinity", "2026-06-01 12:00", None),
    ("UTC", "2026-06-01 12:00", "infinity", None),
]


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
@pytest.mark.parametrize(("zone", "began", "ended", "seconds"), SECONDS)
def test_a_duration_is_what_a_watch_would_show(
    engine: Engine,
    database: str,
    registry: Registry,
    fathom: Pipeline,
    kind: str,
    zone: str,
    began: str,
    ended: str,
    seconds: float | None,
) -> None:
    name = engine.url.database
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA monitor CASCADE"))
        connection.execute(text(f"ALTER DATABASE {name} SET TimeZone = '{zone}'"))
        for column in ("execution_started_at", "updated_at", "created_at"):
            connection.execute(text(f"ALTER TABLE app.tasks ALTER {column} TYPE {kind}"))
    there = open_engine(database)
    install(there, registry, lambda _: None)
    with there.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        add_task(connection, add_job(connection, "job-1"), "g1", "completed")
        # A naive time is the server's, whatever the zone of who writes it.
        zone_of_writer = "Asia/Tokyo" if kind == "timestamp" else zone
        connection.execute(text(f"SET LOCAL TimeZone = '{zone_of_writer}'"))
        times = {"began": began, "ended": ended}
        connection.execute(text(WRITE), times)
    assert verify(there, TASKS) == []
    average = phases(read_now(there, fathom))["average_seconds"][0]
    rollup = SnapshotReader(there, fathom, 10)
    with read_transaction(there, 10) as connection:
        found = rollup.read_in(connection).inconsistencies
    pd.testing.assert_frame_equal(found, read_now(there, fathom).inconsistencies)
    assert list(found["count"]) == ([1] if seconds is None else [])
    of_stage = report(there).stages["average_seconds"].max()
    there.dispose()
    displayed = [None if value != value else value for value in (average, of_stage)]
    assert displayed == [seconds, seconds]


WRITE = "UPDATE app.tasks SET execution_started_at = :began, updated_at = :ended"
