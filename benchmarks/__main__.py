"""`python -m benchmarks`: measures, prints the rows and, if asked, writes RESULTS.md."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from benchmarks.catalog import NAMES, benchmark
from benchmarks.results import keep_results, machine, table
from benchmarks.setup import SIZES, SMALL_SIZES, Setup


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME]…")
@click.option("--files", type=int, multiple=True, help="Only at this number of files; repeatable.")
@click.option("--small", is_flag=True, help="In seconds, to see that the benchmarks work.")
@click.option("--repeat", type=click.IntRange(1), help="Rounds of each; default 5, or 1 if small.")
@click.option("--write", is_flag=True, help="Write the rows into benchmarks/RESULTS.md.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder in which databases are kept for the next run. Its path must be short.",
)
def main(
    names: tuple[str, ...],
    files: tuple[int, ...],
    small: bool,
    repeat: int | None,
    write: bool,
    data: Path | None,
) -> None:
    """Measures the named benchmarks, or all: refresh, callback, writes, viewers, ticks, …"""
    sizes = tuple(sorted(files)) or (SMALL_SIZES if small else SIZES)
    click.echo(machine())
    with _folder(data) as folder:
        setup = Setup(sizes, repeat or (1 if small else 5), small, folder)
        for name in names or NAMES:
            rows = benchmark(name)(setup)
            click.echo(f"\n{name}\n{table(rows)}")
            if write:
                keep_results(name, rows)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
