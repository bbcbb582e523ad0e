"""The locks that keep compactions, full counts and installations from overlapping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from database.rollups.file_templates import LOCK_CLASS

INSTALLATION = -1
# The role's own limits are for other statements: this transaction is idle while the work runs.
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@contextmanager
def advisory_lock(engine: Engine, number: int) -> Iterator[None]:
    """Waits for a subject's lock and holds it in a separate transaction.

    A transaction with one snapshot must begin after the lock is held. A session lock would not do:
    a pooler gives the session's connection to another client next.
    """
    with engine.begin() as connection:
        for limit in LIMITS:
            connection.execute(text(f"SET LOCAL {limit} = 0"))
        names = {"class": LOCK_CLASS, "number": number}
        connection.execute(text("SELECT pg_advisory_xact_lock(:class, :number)"), names)
        yield
