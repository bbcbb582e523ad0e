"""`make mutants`: tries a sample of mutants, and writes down which of them no test noticed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from queue import SimpleQueue

import click

from settings import SOURCE
from tests.mutants.covering import Covering, measure
from tests.mutants.lane import Lane, Verdict, open_lane
from tests.mutants.mutant import PACKAGES, Mutant
from tests.mutants.report import PAGE, TABLE, known_reasons, make_table, reason_of, score
from tests.mutants.sample import sample

FOLDER = SOURCE / ".mutants"
LEAST = 85.0
# Tests take so many times as long as measured, and so many seconds, where other work goes on.
SLOWER, START_SECONDS = 3.0, 20.0


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed tries other mutants.")
@click.option("--most", default=400, show_default=True, help="Mutants to try.")
@click.option("--minutes", default=30.0, show_default=True, help="No mutant is begun after them.")
@click.option("--lanes", default=2, show_default=True, help="Mutants at the same time.")
@click.option("--package", "packages", multiple=True, type=click.Choice(PACKAGES))
@click.option("--only", default="", help="Only mutants of files whose path contains this.")
@click.option("--write", is_flag=True, help=f"Write the tables into {PAGE.name}.")
def main(
    seed: int,
    most: int,
    minutes: float,
    lanes: int,
    packages: tuple[str, ...],
    only: str,
    write: bool,
) -> None:
    """Changes the code a little, many times, and says which changes no test noticed."""
    began = time.monotonic()
    click.echo("Measuring which tests run which lines …")
    covering = measure(FOLDER, lanes)
    every = (one for one in sample(packages or PACKAGES, seed) if only in one.path)
    reasons, verdicts = known_reasons(), []
    for verdict in tried(islice(every, most), covering, lanes, began + 60 * minutes):
        verdicts.append(verdict)
        _tell(verdict, reason_of(verdict.mutant, reasons))
    table = make_table(verdicts, reasons, seed, time.monotonic() - began)
    click.echo(table)
    if write:
        PAGE.write_text(TABLE.sub(lambda _: table, PAGE.read_text()))
    if score(verdicts, reasons) < LEAST:
        sys.exit(1)


def tried(
    mutants: Iterator[Mutant], covering: Covering, lanes: int, until: float
) -> Iterator[Verdict]:
    """What became of each mutant, until the time is over."""
    with ExitStack() as stack:
        free: SimpleQueue[Lane] = SimpleQueue()
        for _ in range(lanes):
            free.put(stack.enter_context(open_lane()))

        def attempt(mutant: Mutant) -> Verdict | None:
            if time.monotonic() > until:
                return None
            tests = covering.tests_for(mutant)
            expected = sum(covering.seconds[test] for test in tests)
            lane = free.get()
            try:
                verdict = lane.judge(mutant, tests, START_SECONDS + SLOWER * expected)
                # All that comes after would count as killed.
                if verdict.status in ("killed", "timeout") and not lane.is_sound():
                    click.echo(
                        f"{mutant.path}  {mutant.change}  damaged its lane; begins a new one"
                    )
                    lane = stack.enter_context(open_lane())
                return verdict
            finally:
                free.put(lane)

        with ThreadPoolExecutor(lanes) as pool:
            yield from filter(None, pool.map(attempt, mutants))


def _tell(verdict: Verdict, reason: str) -> None:
    mutant, lines = verdict.mutant, verdict.mutant.lines
    where = f"{mutant.path}:{lines[0] if lines else 1}"
    why = reason or verdict.test
    click.echo(f"{verdict.status:9} {verdict.seconds:5.1f} s  {where}  {mutant.change}  [{why}]")


if __name__ == "__main__":
    main()
