"""Creates engines: one driver, bounded waits, and a clear error when the database is down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.limits import IDLE, WORK, Limited, limit_waits
from database.values import load_json, register
from pipelines.errors import MonitorError
from pipelines.public_text import public_text

DRIVER = "postgresql+psycopg2"
CONNECTION = {
    "application_name": "pipeline-monitor",
    # Overrides the environment and servers with another encoding.
    "client_encoding": "utf8",
    "connect_timeout": 5,
    "connection_factory": Limited,
    # How long it takes to detect a dead peer: while waiting for an answer, keepalives_idle +
    # keepalives_count * keepalives_interval seconds; while sending, tcp_user_timeout milliseconds.
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# The keeper holds a lock on one connection while it counts on another.
OF_KEEPER = 2
# What SQLAlchemy raises when the database refuses a statement or the connection, or is lost, or
# when the pool has no free connection.
DATABASE_FAILURES = (DBAPIError, PoolTimeoutError)


class DatabaseError(MonitorError):
    """The database can't be used: the message says which one, why, and what to check."""


def connections_for(threads: int, pipelines: int) -> int:
    """How many connections a serving process needs so that no thread waits for one.

    One per thread that answers requests (also while it streams a file), one per pipeline for
    reading its snapshot, and two for the keeper, which compacts the rollups.
    """
    return threads + pipelines + OF_KEEPER


def open_engine(url: str, *, connections: int = 16, read_only: bool = False) -> Engine:
    """An engine for a PostgreSQL URL. Raises DatabaseError for any other URL.

    It opens up to `connections` connections, each when it is first needed, and tests them before
    use: a restarted server costs one reconnect and no error. Sessions keep the server's time zone,
    because naive timestamps were written in it. With `read_only` each transaction begins as one
    that can't write, also behind a pooler.
    """
    engine = create_engine(
        parse_url(url).set(drivername=DRIVER),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args=CONNECTION,
        json_deserializer=load_json,
        execution_options={"postgresql_readonly": True} if read_only else {},
    )
    limit_waits()
    listen(engine, "connect", lambda dbapi_connection, _: register(dbapi_connection))
    listen(engine, "checkin", _limited_to(IDLE))
    listen(engine, "checkout", _limited_to(WORK))
    return engine


def parse_url(url: str) -> URL:
    """A PostgreSQL URL. Raises DatabaseError for any other, without saying what is in it."""
    expected = "expected postgresql://user:password@host:5432/database"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseError(f"DATABASE_URL is not a URL; {expected}") from error
    except ValueError as error:
        raise DatabaseError(f"DATABASE_URL has a port that is no number; {expected}") from error
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseError(
            f"DATABASE_URL names {parsed.get_backend_name()}; expected postgresql://…"
        )
    return parsed


def limit_connection(connection: Connection, seconds: float) -> None:
    """Limits each wait of a connection, in seconds, until it returns to its pool."""
    driver_connection: Any = connection.connection.driver_connection
    driver_connection.limit = seconds


def _limited_to(seconds: float) -> Callable[..., None]:
    def limit(dbapi_connection: Any, *_: Any) -> None:
        # None if the connection was lost.
        if dbapi_connection is not None:
            dbapi_connection.limit = seconds

    return limit


def error_message(error: Exception) -> str:
    """The database's own message, on one line."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())


def public_message(error: Exception) -> str:
    """The database's own message for anyone who may look: without paths, hosts, and ports."""
    return public_text(error_message(error))
