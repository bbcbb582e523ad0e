"""`python app.py`: runs the dashboard and the runner as two processes, and stops both together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

PARENT = "PIPELINE_MONITOR_PARENT"
APP = Path(__file__).resolve().parents[1] / "app.py"
ENOUGH_SECONDS = 15.0
LONGEST_PAUSE = 30.0


class Child:
    """A process of this program. If it ends by itself, it is restarted after increasing pauses."""

    def __init__(self, command: str, environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = {**os.environ, **environment, PARENT: str(os.getpid())}
        self._pause = 1.0
        self._start_at = 0.0
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        # In a separate session, so that Ctrl-C reaches only this process, which stops the others.
        return subprocess.Popen(
            [sys.executable, str(APP), self._command], env=self._environment, start_new_session=True
        )

    def tend(self) -> None:
        """Restarts the process if it has ended and its pause is over."""
        code = self._process.poll()
        if code is None:
            return
        if self._start_at == 0.0:
            lived = time.monotonic() - self._started
            self._pause = 1.0 if lived > LONGEST_PAUSE else min(self._pause * 2, LONGEST_PAUSE)
            self._start_at = time.monotonic() + self._pause
            click.echo(
                f"'{self._command}' ended (exit status {code}); "
                f"starting it again in {self._pause:.0f} s",
                err=True,
            )
        elif time.monotonic() >= self._start_at:
            self._start_at = 0.0
            self._process = self._start()

    def end(self) -> None:
        """Asks the process to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self, until: float) -> None:
        """Waits for the process to end until `until`, by time.monotonic(), and then kills it."""
        try:
            self._process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def supervise(commands: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs the commands until SIGINT or SIGTERM, then stops them all."""
    stopping = threading.Event()
    on_request_to_end(stopping.set)
    children = [Child(command, environment) for command in commands]
    try:
        while not stopping.wait(0.5):
            for child in children:
                child.tend()
    finally:
        for child in children:
            child.end()
        until = time.monotonic() + ENOUGH_SECONDS
        for child in children:
            child.wait(until)


def on_request_to_end(stop: Callable[[], None]) -> None:
    """Makes SIGINT and SIGTERM call `stop`, instead of ending the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())


def end_with_parent() -> None:
    """Stops a supervised process with SIGTERM once its supervisor has ended, for any reason."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
