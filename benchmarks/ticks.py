"""Memory of a serving process after a day of ticks, against after the first hundred."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import cycle, islice
from statistics import median

import psutil
from sqlalchemy import Engine, text

from benchmarks.completing import Completing
from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, at_most, files_size
from benchmarks.setup import Setup
from layouts import ids
from layouts.links import JOB_PAGE, JOBS, PIPELINE, SELECTOR
from tests.remote import RemoteTab, Served, served

# 24 hours at 30 s are 2,880 ticks.
FULL, SMALL = (100, 3000), (8, 16)
# How much goes forward before it is taken back: the numbers move, the database stays as it is.
ROUND = 100
LOOKS = 8


def measure(setup: Setup) -> list[Row]:
    """One row: the process's resident memory at the largest size."""
    first, last = SMALL if setup.small else FULL
    files = setup.largest
    with (
        setup.files(files) as url,
        rollup_engine(url, setup.registry) as engine,
        served(url) as server,
        closing(moving(engine)) as steps,
    ):
        early, late = grown(server, engine, steps, (first, last))
    note = (
        "Six tabs of different pages tick in turn. Before every tick a group is completed, and "
        "each tick waits for new numbers, so that a day's ticks are over in minutes."
    )
    what = f"resident memory of a serving process after {last:,} ticks"
    other = f"after {first:,}"
    return [Row(what, files_size(files), "MB", late, early, other, at_most(1.05), note)]


def grown(
    server: Served, engine: Engine, steps: Iterator[None], counts: tuple[int, int]
) -> list[float]:
    """The memory of a server's process in MB after each of these numbers of ticks."""
    (worker,) = server.workers()
    tabs = cycle(opened(server, engine))
    found, done = [], 0
    for count in counts:
        looks: list[float] = []
        for number, tab in enumerate(islice(tabs, count - done)):
            next(steps)
            tab.tick(click=ids.REFRESH)
            if number >= count - done - LOOKS:
                looks.append(memory(worker))
        found.append(median(looks))
        done = count
    return found


def opened(server: Served, engine: Engine) -> list[RemoteTab]:
    """Tabs of six pages."""
    first, second = (server.values("region") * 2)[:2]
    with engine.connect() as connection:
        job = connection.execute(ACTIVE).scalar_one()
    tabs = []
    for address in (
        (PIPELINE, "?type=fathom"),
        (PIPELINE, f"?type=fathom&region={first}"),
        (PIPELINE, f"?type=fathom&region={first}&region={second}"),
        (SELECTOR, ""),
        (JOBS, ""),
        (JOB_PAGE, f"?job_id={job}"),
    ):
        tab = RemoteTab(server.url)
        tab.open(*address)
        tabs.append(tab)
    return tabs


ACTIVE = text("SELECT job_id FROM app.jobs WHERE status = 'processing' ORDER BY job_id LIMIT 1")


def moving(engine: Engine) -> Generator[None]:
    """Each step completes a group; after some of them all are taken back. Ends as it began."""
    while True:
        work = Completing(engine, ROUND)
        try:
            for _ in work.groups:
                work.complete_next()
                yield
        finally:
            work.undo()


def memory(process: psutil.Process) -> float:
    """A process's resident memory in MB."""
    return float(process.memory_info().rss) / 1e6
