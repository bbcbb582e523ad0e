"""Limits how long this program waits for a database server that does not respond.

If a server disappears without closing its connections (a router dropped the connection, a proxy
swallows data), it answers no statement and enforces no timeout, and libpq waits forever. Here every
wait has a limit, after which the connection is closed.
"""

from __future__ import annotations

import select
import time

from psycopg2 import OperationalError
from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    POLL_WRITE,
    connection,
    set_wait_callback,
)

# In seconds. An idle connection is tested before use, and responds at once or never. Statements
# that are not part of a read may take long.
CONNECT, IDLE, WORK = 10.0, 5.0, 3600.0
# Added to the timeout of a read's statement, which the server enforces itself.
GRACE = 5.0
EVENTS = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}


class Limited(connection):  # type: ignore[misc] # psycopg2 has no types
    """A connection on which no wait is longer than `limit` seconds."""

    limit = CONNECT


def wait(waiting: connection) -> None:
    """Waits for a connection's current operation. Raises OperationalError at its limit."""
    limit = getattr(waiting, "limit", WORK)
    until = time.monotonic() + limit
    while (state := waiting.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(waiting.fileno(), EVENTS[state])
        left = max(0.0, until - time.monotonic())
        if not poller.poll(1000 * left):
            raise OperationalError(f"the server said nothing for {limit:g} seconds")


def limit_waits() -> None:
    """Applies the limits to every connection of this process."""
    set_wait_callback(wait)
