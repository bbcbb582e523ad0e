"""A runner's claim of a job, for as long as it holds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.engine import DATABASE_FAILURES, error_message
from jobs.job_rows import JobLost, assert_lease
from jobs.stages import Job

log = logging.getLogger(__name__)

LONGEST_PAUSE = 1.0
LEAST_IDLE_SECONDS = 5.0
T = TypeVar("T")


class Stopped(Exception):
    """The runner is stopping: the job goes back into the queue."""


class OutOfTime(Exception):
    """The job took longer than it may: the message says so."""


class Lease:
    """A job that this runner has claimed: every write proves the claim, every pause ends with it.

    `seconds` is for how long writes are tried again while the database can't be reached; after
    that another runner may have the job.
    """

    def __init__(self, engine: Engine, job: Job, seconds: float) -> None:
        self.job = job
        self.seconds = seconds
        self._engine = engine
        self._over = threading.Event()
        self._cause: Exception | None = None
        self._lock = threading.Lock()
        self._statement: Any = None

    def stop(self) -> None:
        """The runner is to give the job back."""
        self._end(Stopped())

    def lose(self) -> None:
        """The job is another runner's, was ended or is gone."""
        self._end(JobLost(f"Job {self.job.job_id[:8]} is no longer this runner's"))

    def expire(self, reason: str) -> None:
        """The job has taken too long, and is to end with the reason."""
        self._end(OutOfTime(reason))

    def check(self) -> None:
        """Raises Stopped, JobLost or OutOfTime once the claim is over."""
        if self._over.is_set() and self._cause is not None:
            raise self._cause

    def pause(self, seconds: float) -> None:
        """Waits, not longer than the claim holds. Raises Stopped or JobLost."""
        self._over.wait(seconds)
        self.check()

    def checked(self, items: Iterable[T]) -> Iterator[T]:
        """The items, until the claim is over. Raises Stopped or JobLost."""
        for item in items:
            self.check()
            yield item

    def assert_held(self, connection: Connection) -> None:
        """Makes sure, until the transaction ends, that the claim holds. Raises JobLost."""
        assert_lease(connection, self.job, max(self.seconds, LEAST_IDLE_SECONDS))

    def write(self, work: Callable[[Connection], T]) -> T:
        """Does `work` in a transaction that holds the claim; while the database can't, again.

        A lost connection or a deadlock costs a second, not the job. Raises JobLost, and what the
        database says once the lease's time is over or when it refuses the work itself.
        """
        pause, until = 0.1, time.monotonic() + self.seconds
        while True:
            try:
                with self._engine.begin() as connection:
                    self.assert_held(connection)
                    return work(connection)
            except DATABASE_FAILURES as error:
                if not is_passing(error) or time.monotonic() > until or self._over.is_set():
                    raise
                log.warning("The database did not answer, trying again: %s", error_message(error))
            self._over.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    @contextmanager
    def statement(self, connection: Connection) -> Iterator[None]:
        """What the database does on this connection meanwhile is cancelled when the claim ends."""
        with self._lock:
            self._statement = connection.connection.driver_connection
        try:
            self.check()
            yield
        except DBAPIError:
            self.check()
            raise
        finally:
            with self._lock:
                self._statement = None

    def _end(self, cause: Exception) -> None:
        if self._over.is_set():
            return
        self._cause = cause
        self._over.set()
        # Not here: it asks the server, which may not answer.
        threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        with self._lock:
            if self._statement is not None:
                self._statement.cancel()


def is_passing(error: Exception) -> bool:
    """Whether the database, not the statement, is what failed: trying again may help."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeoutError)
    code = getattr(error.orig, "pgcode", None)
    if code is None:
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return code in PASSING or code[:2] in PASSING_CLASSES


# By SQLSTATE: no connection, a deadlock, no room, a lock that was not had in time, a shutdown. A
# statement that was cancelled, or needs more than is allowed, will need that again.
PASSING_CLASSES = {"08", "40", "58"}
PASSING = {"53000", "53100", "53200", "53300", "55P03", "57P01", "57P02", "57P03"}
