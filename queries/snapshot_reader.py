"""Reads snapshots: from rollups where there are any, else by counting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from database.engine import public_message
from database.rollups.shape import INSTALL
from database.rollups.state import unreadable
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.rollups.cube import NoRollups, RollupCube
from queries.rollups.tasks import rollup_active_jobs, rollup_inconsistencies
from queries.snapshot import ReadMode, Snapshot, read_snapshot


def open_snapshot_reader(
    engine: Engine, registry: Registry, timeout: float
) -> Callable[[Pipeline], Snapshot]:
    """A function that reads a pipeline's snapshot, each call a new one.

    It holds what it has read and fetches what changed since. A statement may take `timeout`
    seconds. Raises sqlalchemy.exc.DBAPIError when the database can't.
    """
    readers = {one.id: SnapshotReader(engine, one, timeout) for one in registry.values()}
    return lambda pipeline: readers[pipeline.id].read()


class SnapshotReader:
    """Reads one pipeline's snapshots."""

    def __init__(self, engine: Engine, pipeline: Pipeline, timeout: float) -> None:
        self._engine = engine
        self._pipeline = pipeline
        self._timeout = timeout
        self._cube = RollupCube(pipeline)
        self._readable = False
        self._lock = threading.Lock()

    def read(self) -> Snapshot:
        """A snapshot of this moment; one at a time."""
        with self._lock:
            try:
                return self._from_rollups()
            except NoRollups as error:
                self._readable = False
                return read_snapshot(self._engine, self._pipeline, self._timeout, str(error))

    def _from_rollups(self) -> Snapshot:
        try:
            with read_transaction(self._engine, self._timeout) as connection:
                return self.read_in(connection)
        except ProgrammingError as error:
            # Removed, or the right to read it taken away, since it was looked at last.
            raise NoRollups(f"the rollups can't be read: {public_message(error)}") from error

    def read_in(self, connection: Connection) -> Snapshot:
        """The snapshot of a transaction from rollups. Raises NoRollups."""
        began = time.monotonic()
        if not self._readable and (problem := unreadable(connection)):
            # Who never installed rollups is not told to on every page.
            raise NoRollups(f"{problem.reason}: {INSTALL}" if problem.outdated else problem.reason)
        frames = self._cube.read(connection)
        self._readable = True
        jobs = rollup_active_jobs(connection, self._pipeline)
        odd = rollup_inconsistencies(connection, self._pipeline, frames.files)
        return Snapshot(
            self._pipeline,
            frames.as_of,
            frames.files,
            frames.work,
            jobs,
            odd,
            frames.missing,
            ReadMode(rollups=True, reason="", seconds=time.monotonic() - began),
        )
