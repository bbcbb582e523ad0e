"""The runner: a stage of empty tasks with all rows written, against `Client.map` of the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, at_least, at_most
from benchmarks.setup import Setup
from database.engine import open_engine
from database.schema import install_schema
from settings import SOURCE

TASKS, MANY_TASKS = 20_000, 100_000
SMALL_TASKS, SMALL_MANY = 200, 400


def measure(setup: Setup) -> list[Row]:
    """Rows of the runner's speed, and of its process's memory with five times as many tasks."""
    tasks, many = (SMALL_TASKS, SMALL_MANY) if setup.small else (TASKS, MANY_TASKS)
    with _database(setup) as url, setup.scratch() as folder:
        rounds = ("--tasks", str(tasks), "--repeat", str(setup.repeat))
        taken = _found(url, folder, "compare", *rounds)
        few_mb, many_mb = _found(url, folder, "memory", str(tasks), str(many))
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
            many_mb,
            few_mb,
            f"{tasks:,} tasks",
            at_most(1.1),
            "The runner's process does both jobs, one after the other; it holds the scheduler of "
            "its local cluster, not the workers.",
        ),
    ]


@contextmanager
def _database(setup: Setup) -> Iterator[str]:
    with setup.server("runner") as url:
        engine = open_engine(url)
        install_schema(engine, setup.registry)
        engine.dispose()
        with rollup_engine(url, setup.registry):
            yield url


def _found(url: str, folder: Path, *arguments: str) -> Any:
    """What the runner in a process of its own has found."""
    command = [sys.executable, "-m", "benchmarks.running", url, str(folder), *arguments]
    ended = subprocess.run(command, stdout=subprocess.PIPE, cwd=SOURCE, check=True)
    return json.loads(ended.stdout)
