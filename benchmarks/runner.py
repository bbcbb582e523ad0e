"""The runner: a stage of empty tasks with all rows written, against `Client.map` of the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from benchmarks.kept import kept_engine
from benchmarks.rows import Row, at_least, at_most
from benchmarks.setup import Setup
from database.engine import open_engine
from database.schema import install_schema
from settings import SOURCE

TASKS, MANY_TASKS = 20_000, 100_000
SMALL_TASKS, SMALL_MANY = 200, 400
SAMPLING_SECONDS = 0.05
MEGABYTE = 1_000_000


def measure(setup: Setup) -> list[Row]:
    """Rows of the runner's speed, and of its process's memory with five times as many tasks."""
    tasks, many = (SMALL_TASKS, SMALL_MANY) if setup.small else (TASKS, MANY_TASKS)
    with _database(setup) as url, setup.scratch() as folder:
        taken, _ = _run(url, folder, tasks, setup.repeat, "--compare")
        memory = {number: _run(url, folder, number, 1, "--alone")[1] for number in (tasks, many)}
    return [
        Row(
            "a job of empty tasks, all rows written",
            f"{tasks:,} tasks",
            "tasks/s",
            tasks / median(taken["job"]),
            tasks / median(taken["map"]),
            "Client.map of the same tasks",
            at_least(0.5),
            "Client.map is given all tasks at once and its results are gathered; the job's time "
            "is from its submission to its end, with the planning of its tasks.",
        ),
        Row(
            "largest memory of the runner's process",
            f"{many:,} tasks",
            "MB",
            memory[many],
            memory[tasks],
            f"{tasks:,} tasks",
            at_most(1.1),
            "The runner's process holds the scheduler of its local cluster, not the workers.",
        ),
    ]


@contextmanager
def _database(setup: Setup) -> Iterator[str]:
    with setup.server("runner") as url:
        engine = open_engine(url)
        install_schema(engine, setup.registry)
        engine.dispose()
        with kept_engine(url, setup.registry):
            yield url


def _run(
    url: str, folder: Path, tasks: int, repeat: int, how: str
) -> tuple[dict[str, list[float]], float]:
    """Seconds of each round, and the most memory (MB) that the runner's process had."""
    command = [sys.executable, "-m", "benchmarks.running", url, str(folder)]
    command += ["--tasks", str(tasks), "--repeat", str(repeat), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=SOURCE) as process:
        peak = _peak(psutil.Process(process.pid))
        assert process.stdout is not None
        told = process.stdout.read()
    assert process.returncode == 0, "the runner's process failed"
    return json.loads(told), peak


def _peak(process: psutil.Process) -> float:
    peak = 0
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        peak = max(peak, process.memory_info().rss)
        time.sleep(SAMPLING_SECONDS)
    return peak / MEGABYTE
