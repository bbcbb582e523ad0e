"""`make chaos`: tries every fault, prints the table, and exits with 1 where anything went wrong."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import SimpleQueue

import click

from settings import SOURCE
from tests.chaos.faults import FAULTS, Fault, measure, try_once
from tests.chaos.lane import Lane, open_lane
from tests.chaos.outcome import Verdict

PAGE = SOURCE / "docs" / "reliability.md"
TABLE = re.compile(r"(?<=<!-- chaos -->\n).*?(?=<!-- /chaos -->)", re.DOTALL)


@dataclass
class Tally:
    """How the runs of a fault went."""

    fault: Fault
    verdicts: list[Verdict] = field(default_factory=list)

    def row(self) -> str:
        """Its row of the table: runs, and how many of them held, lost, …"""
        kinds = ("holds", "lost", "twice", "stuck", "miscounted")
        found = [sum(bool(getattr(one, kind)) for one in self.verdicts) for kind in kinds]
        return f"| {' | '.join(map(str, [self.fault.name, len(self.verdicts), *found]))} |"


@click.command()
@click.option("--runs", default=20, show_default=True, help="Runs of each fault.")
@click.option("--lanes", default=2, show_default=True, help="Runs at the same time.")
@click.option("--minutes", default=40, show_default=True, help="No run is begun after so long.")
@click.option("--only", default="", help="Only faults whose names contain this.")
@click.option("--write", is_flag=True, help=f"Write the table into {PAGE.name}.")
def main(runs: int, lanes: int, minutes: float, only: str, write: bool) -> None:
    """Breaks things while jobs run, and says whether anything was lost."""
    began = time.monotonic()
    tallies = {fault: Tally(fault) for fault in FAULTS if only in fault.name and fault.possible()}
    tries = [(fault, runs, True) for fault in tallies if fault.of_lease]
    tries += [(fault, n, False) for n in range(runs) for fault in tallies]
    with ExitStack() as stack:
        free: SimpleQueue[Lane] = SimpleQueue()
        for _ in range(lanes):
            free.put(stack.enter_context(open_lane()))
        _measure_all(free, lanes)

        def attempt(one: tuple[Fault, int, bool]) -> tuple[Fault, int, Verdict] | None:
            fault, number, defaults = one
            lane = free.get()
            if time.monotonic() - began > 60 * minutes:
                free.put(lane)
                return None
            try:
                return fault, number, try_once(lane, fault, number, runs, defaults=defaults)
            finally:
                free.put(lane)

        with ThreadPoolExecutor(lanes) as pool:
            for fault, number, verdict in filter(None, pool.map(attempt, tries)):
                tallies[fault].verdicts.append(verdict)
                _tell(fault, number, verdict)
    table = make_table(tallies.values(), time.monotonic() - began)
    click.echo(table)
    if write:
        PAGE.write_text(TABLE.sub(lambda _: table, PAGE.read_text()))
    if not all(verdict.holds for tally in tallies.values() for verdict in tally.verdicts):
        sys.exit(1)


def _measure_all(free: SimpleQueue[Lane], lanes: int) -> None:
    """Each lane's own measure, at the same time as the runs take place."""
    found = [free.get() for _ in range(lanes)]
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(measure, found))
    for lane in found:
        free.put(lane)


def _tell(fault: Fault, number: int, verdict: Verdict) -> None:
    click.echo(f"{'held' if verdict.holds else 'BROKE'}  {fault.name}, run {number}")
    if not verdict.holds:
        click.echo(verdict.message())


def make_table(tallies: Iterable[Tally], seconds: float) -> str:
    """The table, as it stands in the documentation."""
    rows = [
        "| Fault | Runs | Held | Lost | Twice | Stuck | Miscounted |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(tally.row() for tally in tallies),
    ]
    runs = sum(len(tally.verdicts) for tally in tallies)
    return "\n".join([*rows, "", f"{runs} runs in {seconds / 60:.1f} minutes.", ""])


if __name__ == "__main__":
    main()
