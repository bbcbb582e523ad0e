"""Compacts the rollups regularly, recounts those that are invalid, and migrates old ones."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import Connection, Engine, text

from database.engine import DATABASE_FAILURES, DatabaseError, error_message
from database.rollups.compaction import compact
from database.rollups.install import install
from database.rollups.migrate import is_outdated
from database.rollups.rebuild import rebuild
from database.rollups.shape import INSTALL, drift, unseen
from database.rollups.state import Rollup, reasons, rollups_of
from database.rollups.triggers import are_whole
from pipelines.registry import Registry

log = logging.getLogger(__name__)

# Seconds until a failed migration is tried again: it waits for locks on the platform's tables.
PAUSE_SECONDS = 60.0


def _broken(connection: Connection, rollup: Rollup) -> str | None:
    """Why a recount would not help; None if it would."""
    if message := drift(connection, rollup.table, rollup.columns):
        return message
    if message := unseen(connection, rollup.table):
        return f"app.{rollup.table} {message}"
    if not are_whole(connection, rollup.table):
        return (
            f"triggers of app.{rollup.table} are missing, or were disabled for a while: {INSTALL}"
        )
    return None


class Keeper:
    """A background thread that compacts every `interval` seconds. Several processes may have one.

    Without rollups, or on a read-only database, it does nothing. It reinstalls rollups of an
    earlier version if this role owns them.
    """

    def __init__(self, engine: Engine, interval: float, registry: Registry | None = None) -> None:
        self._engine = engine
        self._interval = interval
        self._registry = registry
        self._migrate_at = float("-inf")
        self._stopped = threading.Event()
        self._reported = ""

    def start(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    def stop(self) -> None:
        """Stops the thread after the current compaction."""
        self._stopped.set()

    def compact_all(self) -> None:
        """Compacts every subject once. Raises SQLAlchemy's errors, and DatabaseError."""
        with self._engine.connect() as connection:
            if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
                return
            subjects = rollups_of(connection)
            invalid_subjects = {name: reasons(connection, name) for name in subjects}
            broken = {name: _broken(connection, rollup) for name, rollup in subjects.items()}
        for name, rollup in subjects.items():
            if message := broken[name]:
                raise DatabaseError(message)
            if invalid_subjects[name]:
                log.warning("%s is recounted: %s", name or "app.tasks", invalid_subjects[name][0])
                rebuild(self._engine, name, only_invalid=True)
            elif rollup.built_at is not None:
                compact(self._engine, name)

    def migrate(self) -> None:
        """Reinstalls rollups of an earlier version. Raises what `compact_all` raises."""
        if self._registry is None or time.monotonic() < self._migrate_at:
            return
        self._migrate_at = time.monotonic() + PAUSE_SECONDS
        with self._engine.connect() as connection:
            outdated = is_outdated(connection)
        if outdated:
            log.warning("The rollups are of an earlier version and are reinstalled")
            install(self._engine, self._registry, log.warning)
        self._registry = None

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.migrate()
                self.compact_all()
                self._reported = ""
            except (*DATABASE_FAILURES, DatabaseError) as error:
                self._report(error_message(error))
            except Exception:
                # The thread must survive unexpected errors.
                log.exception("Compacting the rollups failed")

    def _report(self, reason: str) -> None:
        if reason != self._reported:
            log.warning("The rollups can't be compacted: %s", reason)
        self._reported = reason
