"""How long this program waits for a database server that says nothing.

A server that is gone without a word, behind a router that forgot the connection or a proxy that
swallows what it is sent, answers no statement and enforces no timeout of its own. libpq would wait
for ever; here every wait has an end, and the connection is closed then.
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

# Seconds. A connection that has been idle is tried before it is used, and answers at once or never;
# statements of no reading may work for long.
CONNECT, IDLE, WORK = 10.0, 5.0, 3600.0
# What a reading's statement may take longer than its own timeout, which the server enforces.
GRACE = 5.0
EVENTS = {POLL_READ: select.POLLIN, POLL_WRITE: select.POLLOUT}


class Limited(connection):  # type: ignore[misc] # psycopg2 has no types
    """A connection whose every wait ends after `limit` seconds."""

    limit = CONNECT


def wait(waiting: connection) -> None:
    """Waits until a connection has done what it is asked. Raises OperationalError at its limit."""
    limit = getattr(waiting, "limit", WORK)
    until = time.monotonic() + limit
    while (state := waiting.poll()) != POLL_OK:
        poller = select.poll()
        poller.register(waiting.fileno(), EVENTS[state])
        left = max(0.0, until - time.monotonic())
        if not poller.poll(1000 * left):
            raise OperationalError(f"the server said nothing for {limit:g} seconds")


def limit_waits() -> None:
    """Makes every connection of this process wait in this way."""
    set_wait_callback(wait)
