"""A tab whose ticks land on two serving processes in turn, against one that stays with its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from statistics import median

from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, files_size
from benchmarks.setup import Setup
from benchmarks.ticks import moving
from layouts.links import PIPELINE
from tests.monitor import wait_for
from tests.remote import STATS, RemoteApp, RemoteTab, Served, served

FULL, SMALL = 40, 3
REFRESH_SECONDS = "0.5"


@dataclass(frozen=True)
class Tick:
    """What a tick with new numbers received, in KB, and how long it took, in ms."""

    kilobytes: float
    milliseconds: float


def measure(setup: Setup) -> list[Row]:
    """Rows of a tick's bytes and time at the largest size."""
    count = SMALL if setup.small else FULL
    with (
        setup.files(setup.largest) as url,
        rollup_engine(url, setup.registry) as engine,
        served(url, REFRESH_SECONDS=REFRESH_SECONDS) as first,
        served(url, REFRESH_SECONDS=REFRESH_SECONDS) as second,
        closing(moving(engine)) as steps,
    ):
        both = (first, second)
        landing = ticks(steps, both, both, count)
        staying = ticks(steps, both, (first,), count)
    return _rows(setup.largest, landing, staying)


def ticks(
    steps: Iterator[None], readers: Sequence[Served], answerers: Sequence[Served], count: int
) -> list[Tick]:
    """So many ticks of a tab, answered in turn, each when all processes have read new numbers."""
    tab, found = RemoteTab(answerers[0].url), []
    tab.open(PIPELINE, "?type=fathom")
    turns = cycle([*answerers[1:], answerers[0]])
    for _ in range(count):
        before = completed(readers)
        next(steps)
        wait_for(partial(are_new, readers, before), 300)
        tab.land_on(RemoteApp(next(turns).url))  # type: ignore[arg-type]
        # A new connection is no part of it.
        tab.get("/healthz")
        began = time.perf_counter()
        tab.tick()
        found.append(Tick(tab.packed / 1000, 1000 * (time.perf_counter() - began)))
    return found


def completed(servers: Sequence[Served]) -> list[int]:
    """How many files are done in the first phase, as each server has read it."""
    stats = [server.get(STATS).json() for server in servers]
    return [int(one["phases"]["phase1"]["completed"]) for one in stats]


def are_new(servers: Sequence[Served], before: Sequence[int]) -> bool:
    """Whether every server has read other numbers than before."""
    return all(now != old for now, old in zip(completed(servers), before, strict=True))


def _rows(files: int, landing: Sequence[Tick], staying: Sequence[Tick]) -> list[Row]:
    note = (
        "A group is completed before every tick, and both processes have read it; bytes are those "
        "of the body, compressed. Where nothing changed, both ticks are the same."
    )
    return [
        Row(
            f"a tick that lands on the other of two processes: {what}",
            files_size(files),
            unit,
            median(getattr(one, name) for one in landing),
            median(getattr(one, name) for one in staying),
            "on the process that answered before",
            None,
            note,
        )
        for what, unit, name in (("received", "KB", "kilobytes"), ("time", "ms", "milliseconds"))
    ]
