"""A Dask cluster whose parts can be killed, stopped and started one by one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from settings import SOURCE
from tests.monitor import free_port, lives, suspended, wait_for

WORKERS = 2


class Cluster:
    """A scheduler and two workers with their nannies, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._nannies: list[subprocess.Popen[bytes]] = []
        self.address = f"tcp://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts what does not run; returns when all workers are there."""
        if self._scheduler is None or self._scheduler.poll() is not None:
            place = ("--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard")
            self._scheduler = self._run("distributed.cli.dask_scheduler", *place)
        self._nannies = [nanny for nanny in self._nannies if nanny.poll() is None]
        while len(self._nannies) < WORKERS:
            local = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(self._folder))
            self._nannies.append(self._run("distributed.cli.dask_worker", self.address, *local))
        wait_for(lambda: len(self.workers()) == WORKERS)

    def workers(self) -> list[psutil.Process]:
        """The processes that do the tasks."""
        return [
            child
            for nanny in self._nannies
            if nanny.poll() is None
            for child in psutil.Process(nanny.pid).children()
            # Beside the worker, a nanny has one that tracks what they share.
            if lives(child) and "resource_tracker" not in " ".join(child.cmdline())
        ]

    def kill_scheduler(self) -> None:
        """Kills it; its workers end by themselves."""
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()
        for nanny in self._nannies:
            nanny.wait(60)

    @contextmanager
    def scheduler_stopped(self) -> Iterator[None]:
        """The scheduler does nothing meanwhile; connections stay open."""
        assert self._scheduler is not None
        with suspended([psutil.Process(self._scheduler.pid)]):
            yield

    def close(self) -> None:
        """Ends all of it."""
        for process in (*self._nannies, self._scheduler):
            if process is not None and process.poll() is None:
                family = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                for each in family:
                    each.kill()
                process.wait(30)

    def _run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        # What it logs of connections that end is what is tried here.
        with (self._folder / "dask.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=SOURCE, stdout=log, stderr=log
            )
