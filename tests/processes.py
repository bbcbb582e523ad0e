"""The runner and a Dask cluster, each as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settings import SOURCE
from tests.monitor import wait_for


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        [sys.executable, *arguments], env={**os.environ, **environment}, cwd=SOURCE
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(90)


@contextmanager
def runner(
    database: str, sample: Path, folder: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        "DATABASE_URL": database,
        "DATA_DIR": str(folder),
        "STORAGE": str(folder),
        "FATHOM_SOURCE": str(sample / "bronze-fathom"),
        "HEARTBEAT_SECONDS": "0.5",
        "JOB_LEASE_SECONDS": "2",
        **environment,
    }
    with process(str(SOURCE / "app.py"), "runner", **settings) as started:
        yield started


@contextmanager
def scheduler_at(folder: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Dask scheduler with two workers, each a process of its own, and its address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    # As on a cluster: the workers find the project's code, and nothing else of this process.
    place = {"PYTHONPATH": str(SOURCE)}
    quiet = ("--scheduler-file", str(file), "--no-dashboard")
    here = ("--host", "127.0.0.1")
    start = ("-m", "distributed.cli.dask_scheduler", *quiet, *here, "--port", str(port))
    with process(*start, **place) as started:
        wait_for(file.exists, 20)
        worker = ("-m", "distributed.cli.dask_worker", *quiet, "--nthreads", "1")
        local = ("--local-directory", str(folder / "dask"))
        with process(*worker, *local, **place), process(*worker, *local, **place):
            yield started, json.loads(file.read_text())["address"]
