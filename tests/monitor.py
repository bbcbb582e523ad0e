"""Pipeline Monitor as its users start it: `python app.py` in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from settings import SOURCE

# Seconds.
PATIENCE = 240.0


@dataclass(frozen=True)
class Monitor:
    """A running `python app.py`."""

    url: str
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> requests.Response:
        """The answer to a GET."""
        return requests.get(f"{self.url}{path}", timeout=30)

    def stats(self, **filters: str) -> dict[str, Any]:
        """The statistics of pipeline fathom."""
        query = "".join(f"&{name}={value}" for name, value in filters.items())
        answer: dict[str, Any] = self.get(f"/api/etl/stats?etl_type=fathom{query}").json()
        return answer

    def family(self) -> list[psutil.Process]:
        """The process and all that it has started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def runners(self) -> list[psutil.Process]:
        """The runners that are alive."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if lives(child) and child.cmdline()[-1:] == ["runner"]]


def lives(process: psutil.Process) -> bool:
    """Whether a process runs still."""
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


@contextmanager
def suspended(processes: list[psutil.Process]) -> Iterator[None]:
    """Stops processes for a while where they are."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits until the condition holds; fails when it takes too long.

    Never before PATIENCE: on a busy machine a moment is long, and only a failure waits for it.
    """
    until = time.monotonic() + max(seconds, PATIENCE)
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def launched(folder: Path, log: Path | None = None, **environment: str) -> Monitor:
    """Pipeline Monitor with its data in a folder, as it is just about to start.

    log: a file for what it says, instead of the terminal.
    """
    port = free_port()
    settings = {
        "PORT": str(port),
        "DATA_DIR": str(folder),
        "SAMPLE_PIXELS": "32",
        "REFRESH_SECONDS": "0.5",
        **environment,
    }
    with log.open("wb") if log else nullcontext() as output:
        process = subprocess.Popen(
            [sys.executable, str(SOURCE / "app.py")],
            env={**os.environ, **settings},
            cwd=SOURCE,
            stdout=output,
            stderr=output,
        )
    return Monitor(f"http://127.0.0.1:{port}", process)


@contextmanager
def started(folder: Path, **environment: str) -> Iterator[Monitor]:
    """Starts Pipeline Monitor with its data in a folder, and ends it as Ctrl-C does."""
    monitor = launched(folder, **environment)
    process = monitor.process
    try:
        wait_for(lambda: process.poll() is not None or _answers(monitor))
        yield monitor
    finally:
        process.send_signal(2)
        process.wait(90)


def _answers(monitor: Monitor) -> bool:
    try:
        return monitor.get("/healthz").status_code == 200
    except requests.ConnectionError:
        return False
