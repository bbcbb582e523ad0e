"""A runner's lease on a job."""

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
    """The runner is stopping; the job goes back to the queue."""


class OutOfTime(Exception):
    """The job exceeded its time limit; the message says so."""


class Lease:
    """A job that this runner has claimed. Writes check the lease, and pauses end when it does.

    `seconds` limits how long writes are retried while the database can't be reached; after that,
    another runner may have taken over the job.
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
        """Ends the lease because the runner is stopping."""
        self._end(Stopped())

    def lose(self) -> None:
        """Ends the lease because the job was taken over, ended or deleted."""
        self._end(JobLost(f"Job {self.job.job_id[:8]} is no longer this runner's"))

    def expire(self, reason: str) -> None:
        """Ends the lease because the job took too long; the job then fails with `reason`."""
        self._end(OutOfTime(reason))

    def check(self) -> None:
        """Raises Stopped, JobLost or OutOfTime if the lease has ended."""
        if self._over.is_set() and self._cause is not None:
            raise self._cause

    def pause(self, seconds: float) -> None:
        """Waits, or until the lease ends. Raises Stopped, JobLost or OutOfTime if it has ended."""
        self._over.wait(seconds)
        self.check()

    def checked(self, items: Iterable[T]) -> Iterator[T]:
        """Yields the items. Raises Stopped, JobLost or OutOfTime once the lease has ended."""
        for item in items:
            self.check()
            yield item

    def assert_held(self, connection: Connection) -> None:
        """Checks the lease, and keeps it valid until the transaction ends. Raises JobLost."""
        assert_lease(connection, self.job, max(self.seconds, LEAST_IDLE_SECONDS))

    def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in a transaction that has checked the lease, and retries temporary failures.

        So a lost connection or a deadlock delays the job instead of ending it. Raises JobLost, and
        the database's error if it is not temporary, or once `seconds` are over or the lease ended.
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
        """Statements on this connection during the block are cancelled when the lease ends."""
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
        # In a thread: cancelling contacts the server, which may not answer.
        threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        with self._lock:
            if self._statement is not None:
                self._statement.cancel()


def is_passing(error: Exception) -> bool:
    """Whether a failure is temporary, so that trying again may help."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeoutError)
    code = getattr(error.orig, "pgcode", None)
    if code is None:
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return code in PASSING or code[:2] in PASSING_CLASSES


# SQLSTATEs: connection failure, rollback (deadlock), insufficient resources, lock not available,
# system error, shutdown. A cancelled statement, or one over a configured limit, would fail again.
PASSING_CLASSES = {"08", "40", "58"}
PASSING = {"53000", "53100", "53200", "53300", "55P03", "57P01", "57P02", "57P03"}
