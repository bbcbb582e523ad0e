"""The locks that keep a compaction, a full count and an installation apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from database.rollups.file_templates import LOCK_CLASS

INSTALLATION = -1
# A role's own are for other statements; this transaction waits idle for as long as the work lasts.
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@contextmanager
def advisory_lock(engine: Engine, number: int) -> Iterator[None]:
    """Waits for a subject's lock and holds it in a transaction of its own.

    Transactions that see one moment have to begin when they hold it already. A session's lock would
    be another one's behind a pooler, which gives a connection to whoever needs it next.
    """
    with engine.begin() as connection:
        for limit in LIMITS:
            connection.execute(text(f"SET LOCAL {limit} = 0"))
        names = {"class": LOCK_CLASS, "number": number}
        connection.execute(text("SELECT pg_advisory_xact_lock(:class, :number)"), names)
        yield
