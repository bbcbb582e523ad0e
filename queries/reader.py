"""Reads for a client that waits: one transaction, one error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any

from sqlalchemy import Connection, Engine, Select

from database.engine import DATABASE_FAILURES, public_message
from pipelines.errors import MonitorError
from queries.frames import read_transaction
from queries.observed import UNOBSERVED, Observer

BATCH = 1000
# A file is written as slowly as its reader reads, and holds a connection meanwhile.
MOST_STREAMS = 3


class ReadError(MonitorError):
    """The database can't be read now: the message says why."""


@dataclass(frozen=True)
class Reader:
    """Reads a database; a statement may take `timeout` seconds."""

    engine: Engine
    timeout: float
    streams: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MOST_STREAMS))
    observer: Observer = UNOBSERVED

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A read-only transaction that sees one snapshot. Raises ReadError."""
        try:
            with read_transaction(self.engine, self.timeout) as connection:
                yield connection
        except DATABASE_FAILURES as error:
            self.observer.read_failed("api", False)
            raise ReadError(f"The database does not answer: {public_message(error)}") from error

    def stream(self, query: Select[*tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
        """All rows of a statement, some at a time, from a cursor that the server keeps.

        The timeout is that of each batch. Raises ReadError, also where too many are being read.
        """
        if not self.streams.acquire(blocking=False):
            self.observer.read_failed("api", True)
            raise ReadError(f"{MOST_STREAMS} files are being written already")
        try:
            with self.transaction() as connection:
                batches = {"yield_per": BATCH}
                yield from connection.execute(query, execution_options=batches).partitions()
        finally:
            self.streams.release()
