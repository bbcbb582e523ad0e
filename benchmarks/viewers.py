"""Many viewers of two serving processes: latency, errors, and what each costs the server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import quantiles

from sqlalchemy import Engine

from benchmarks.completing import Completing
from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, Target, at_most, files_size
from benchmarks.setup import Setup
from settings import SOURCE
from tests.remote import Served, served

PROCESSES = 2
# A group of files is completed as often as this, so that every tick has something to tell.
WORK_SECONDS = 1.0
MOST_MS, MOST_CPU_MS, MOST_KB = 500.0, 20.0, 10.0
NONE = Target("none", lambda own, other: own / other, lambda ratio: ratio == 0)
# Two processes read at their own pace; a reading more or less in two minutes is no difference.
EQUAL = Target("1×", lambda own, other: own / other, lambda ratio: ratio <= 1.05)


@dataclass(frozen=True)
class Load:
    """So many viewers, who tick at an interval, watched for so long (both in seconds); the server
    reads its numbers anew every `refresh` seconds."""

    viewers: int
    interval: float
    seconds: float
    refresh: float


FULL, SMALL = Load(1000, 30, 120, 5), Load(20, 0.5, 2, 0.5)


@dataclass(frozen=True)
class Cost:
    """What a load met and cost: times in ms, bytes both ways, statements a minute."""

    latencies: Sequence[float]
    errors: Sequence[str]
    cpu_ms_per_viewer_minute: float
    kb_per_viewer_minute: float
    statements_per_minute: float

    @property
    def p99(self) -> float:
        """The latency that 99 of 100 ticks don't exceed."""
        return quantiles(self.latencies, n=100)[98]

    @property
    def p50(self) -> float:
        """The median latency."""
        return quantiles(self.latencies, n=100)[49]


def measure(setup: Setup) -> list[Row]:
    """Rows of the viewers' ticks at the largest size."""
    load = SMALL if setup.small else FULL
    files = setup.largest
    few = replace(load, viewers=PROCESSES)
    environment = {"SERVE_PROCESSES": str(PROCESSES), "REFRESH_SECONDS": str(load.refresh)}
    with (
        setup.files(files) as url,
        rollup_engine(url, setup.registry) as engine,
        served(url, **environment) as server,
    ):
        alone = cost(server, engine, few)
        crowd = cost(server, engine, load)
    return _rows(files, load, crowd, alone)


def cost(server: Served, engine: Engine, load: Load) -> Cost:
    """What a load costs a server whose numbers move meanwhile."""
    most = int((load.interval * 4 + load.seconds) / WORK_SECONDS) + 10
    work = Completing(engine, most)
    try:
        with steadily(work.complete_next, WORK_SECONDS):
            return _measured(server, load)
    finally:
        work.undo()


def _measured(server: Served, load: Load) -> Cost:
    command = [sys.executable, "-m", "benchmarks.viewing", server.url]
    for name in ("viewers", "interval", "seconds"):
        command += [f"--{name}", str(getattr(load, name))]
    command += [f"--region={region}" for region in server.values("region")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=SOURCE) as crowd:
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == "measuring\n"
        before = server.statements(), server.cpu_seconds()
        assert crowd.stdout.readline() == "measured\n"
        after = server.statements(), server.cpu_seconds()
        found = json.loads(crowd.stdout.readline())
    minutes = load.seconds / 60
    return Cost(
        found["latencies"],
        found["errors"],
        1000 * (after[1] - before[1]) / load.viewers / minutes,
        (found["sent"] + found["received"]) / 1000 / load.viewers / minutes,
        (after[0] - before[0]) / minutes,
    )


@contextmanager
def steadily(action: Callable[[], object], seconds: float) -> Iterator[None]:
    """Does something every so many seconds in a thread, until the block ends."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(seconds):
            action()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _rows(files: int, load: Load, crowd: Cost, alone: Cost) -> list[Row]:
    what = f"{load.viewers:,} viewers every {load.interval:g} s on {PROCESSES} processes"
    size, asked = files_size(files), float(len(crowd.latencies))
    note = (
        f"Of ten viewers five look at the whole pipeline, four at one of its regions, one at all "
        f"pipelines, while a group is completed every {WORK_SECONDS:g} s. A tick's latency is that "
        f"of its answer, p50 {crowd.p50:.1f} ms, beside the viewers on the same cores. A viewer's "
        f"minute has a share of what the server does without viewers."
    )
    minute = "a viewer's minute"
    return [
        Row(f"{what}: errors", size, "", len(crowd.errors), asked, "ticks", NONE, note),
        Row(f"{what}: p99 of a tick", size, "ms", crowd.p99, MOST_MS, "allowed", at_most(1)),
        Row(
            f"{what}: database statements a minute",
            size,
            "",
            crowd.statements_per_minute,
            alone.statements_per_minute,
            "one viewer a process",
            EQUAL,
        ),
        Row(
            f"{minute}: server's processor time",
            size,
            "ms",
            crowd.cpu_ms_per_viewer_minute,
            MOST_CPU_MS,
            "allowed",
            at_most(1),
        ),
        Row(
            f"{minute}: sent and received, headers included",
            size,
            "KB",
            crowd.kb_per_viewer_minute,
            MOST_KB,
            "allowed",
            at_most(1),
        ),
    ]
