"""The embedded PostgreSQL, and the processes that share it."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
import pytest
from sqlalchemy import text

from database.embedded import EmbeddedDatabase
from database.engine import open_engine

USERS = ".handle_pids.json"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, of this test alone."""
    folder = Path(tempfile.mkdtemp(prefix="pm-e-"))
    yield folder / "pg"
    if (running := folder / "pg" / "postmaster.pid").exists():
        postmaster = psutil.Process(int(running.read_text().splitlines()[0]))
        postmaster.send_signal(signal.SIGINT)
        psutil.wait_procs([postmaster], 20)
    shutil.rmtree(folder, ignore_errors=True)


def ended_process() -> int:
    """The number of a process that was there."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_processes_that_were_killed_keep_no_server_running(folder: Path) -> None:
    database = EmbeddedDatabase(folder)
    users = folder / USERS
    users.write_text(json.dumps([*json.loads(users.read_text()), ended_process()]))
    assert (folder / "postmaster.pid").exists()
    database.stop()
    assert not (folder / "postmaster.pid").exists()


def test_a_process_that_lives_keeps_its_server_running(folder: Path) -> None:
    database, users = EmbeddedDatabase(folder), folder / USERS
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        users.write_text(json.dumps([*json.loads(users.read_text()), other.pid]))
        database.stop()
        assert (folder / "postmaster.pid").exists()


def test_nobody_else_reaches_it(server: EmbeddedDatabase) -> None:
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    # Root's server has a user of its own, who may go through the folder above and not look into it.
    assert stat.S_IMODE(server.folder.parent.stat().st_mode) in (0o700, 0o711)
    (socket,) = server.folder.glob(".s.PGSQL.*[0-9]")
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    engine = open_engine(server.url)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW listen_addresses")).scalar_one() == ""
    engine.dispose()


def test_a_socket_that_lies_elsewhere_is_private_too(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / "postgres"
    database = EmbeddedDatabase(folder)
    try:
        place = Path(unquote(urlsplit(database.url).query.removeprefix("host=")))
        assert not place.is_relative_to(folder)
        (socket,) = place.glob(".s.PGSQL.*[0-9]")
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    finally:
        database.stop()
