"""The embedded PostgreSQL, and the processes that share it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from database.embedded import EmbeddedDatabase

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
