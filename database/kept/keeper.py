"""Folds what is kept, regularly, and counts anew what can't be believed."""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.engine import DatabaseError, error_message
from database.kept.fold import fold
from database.kept.rebuild import rebuild
from database.kept.shape import INSTALL, drift, unseen
from database.kept.state import Kept, kept_subjects, reasons
from database.kept.triggers import are_whole

log = logging.getLogger(__name__)


def _broken(connection: Connection, kept: Kept) -> str | None:
    """Why counting anew would not help; none if it would."""
    if message := drift(connection, kept.table, kept.columns):
        return message
    if message := unseen(connection, kept.table):
        return f"app.{kept.table} {message}"
    if not are_whole(connection, kept.table):
        return f"triggers of app.{kept.table} are missing, or were disabled for a while: {INSTALL}"
    return None


class Keeper:
    """A background thread that folds every `interval` seconds; many processes may have one.

    Where nothing is kept, or the database only answers, it does nothing.
    """

    def __init__(self, engine: Engine, interval: float) -> None:
        self._engine = engine
        self._interval = interval
        self._stopped = threading.Event()
        self._told = ""

    def start(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._run, name="keeper", daemon=True).start()

    def stop(self) -> None:
        """Ends the thread after its present fold."""
        self._stopped.set()

    def fold_all(self) -> None:
        """Folds every subject once. Raises what the database raises."""
        with self._engine.connect() as connection:
            if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
                return
            subjects = kept_subjects(connection)
            distrusted = {name: reasons(connection, name) for name in subjects}
            broken = {name: _broken(connection, kept) for name, kept in subjects.items()}
        for name, kept in subjects.items():
            if message := broken[name]:
                raise DatabaseError(message)
            if distrusted[name]:
                log.warning("%s is counted anew: %s", name or "app.tasks", distrusted[name][0])
                rebuild(self._engine, name, only_doubted=True)
            elif kept.built_at is not None:
                fold(self._engine, name)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self.fold_all()
                self._told = ""
            except (DBAPIError, PoolTimeoutError, DatabaseError) as error:
                self._tell(str(error) if isinstance(error, DatabaseError) else error_message(error))
            except Exception:
                # The thread has to outlive what nobody thought of.
                log.exception("Folding the kept counts failed")

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            log.warning("The kept counts can't be folded: %s", reason)
        self._told = reason
