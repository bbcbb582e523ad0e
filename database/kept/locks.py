"""The locks that keep a fold, a full count and an installation out of each other's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from database.kept.file_parts import LOCK_CLASS

INSTALLATION = -1
# A role's own, for other statements.
LIMITS = ("statement_timeout", "lock_timeout")


@contextmanager
def held(engine: Engine, number: int) -> Iterator[None]:
    """Waits for a subject's lock and holds it on a connection of its own.

    Transactions that see one moment have to begin when they hold it already.
    """
    options = {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        names = {"class": LOCK_CLASS, "number": number}
        for limit in LIMITS:
            connection.execute(text(f"SET {limit} = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:class, :number)"), names)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:class, :number)"), names)
            for limit in LIMITS:
                connection.execute(text(f"RESET {limit}"))
