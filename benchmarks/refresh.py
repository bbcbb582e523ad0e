"""A whole refresh: from the database to the JSON of every panel, against the design's SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import orjson

from benchmarks.completing import Completing
from benchmarks.design import design_refresh
from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, at_most, faster, files_size
from benchmarks.setup import DESIGN, GLOBAL, MILLION, Setup
from benchmarks.timing import Timed, medians
from callbacks.page_state import read_panels
from callbacks.pages.pipeline import panels
from callbacks.sent_values import diff
from queries.snapshot_reader import open_snapshot_reader

TIMEOUT = 600.0
OFTEN = 5
TARGETS = {DESIGN: faster(3), MILLION: faster(100), GLOBAL: faster(1000)}
# A group in eight files was completed since the last refresh; or nothing has changed at all.
NEW, QUIET, SQL = "new", "quiet", "sql"
WHAT = "whole refresh, a group completed since the last"
Medians = Mapping[tuple[int, str], float]


def measure(setup: Setup) -> list[Row]:
    """Rows of refreshes at each size against the SQL way, and of the largest against the first."""
    with ExitStack() as stack:
        actions: dict[tuple[int, str], Timed] = {}
        for files in setup.sizes:
            timed = stack.enter_context(_refreshes(setup, files))
            actions |= {(files, name): one for name, one in timed.items()}
        found = medians(actions, setup.repeat)
    rows = [row for files in setup.sizes for row in _rows(files, found)]
    return [*rows, _growth(setup.sizes, found)]


@contextmanager
def _refreshes(setup: Setup, files: int) -> Iterator[dict[str, Timed]]:
    pipeline, registry = setup.pipeline, setup.registry
    with setup.files(files) as url, rollup_engine(url, registry) as engine:
        read = open_snapshot_reader(engine, registry, TIMEOUT)

        def refresh() -> bytes:
            page_values, failed = read_panels(panels(read(pipeline), {}))
            assert failed is None, failed
            return orjson.dumps(diff(page_values, None))

        assert read(pipeline).read_mode.rollups
        refresh()
        work = Completing(engine, setup.repeat * OFTEN)
        try:
            yield {
                NEW: Timed(refresh, work.complete_next, OFTEN),
                QUIET: Timed(refresh, often=OFTEN),
                SQL: Timed(lambda: design_refresh(engine)),
            }
        finally:
            work.undo()


def _rows(files: int, found: Medians) -> Iterator[Row]:
    size = files_size(files)
    own, quiet, sql = (1000 * found[files, name] for name in (NEW, QUIET, SQL))
    yield Row(WHAT, size, "ms", own, sql, "the design's seven statements", TARGETS.get(files))
    yield Row("whole refresh, nothing new since the last", size, "ms", quiet)


def _growth(sizes: Sequence[int], found: Medians) -> Row:
    first, largest = sizes[0], sizes[-1]
    return Row(
        WHAT,
        files_size(largest),
        "ms",
        1000 * found[largest, NEW],
        1000 * found[first, NEW],
        f"at {files_size(first)}",
        at_most(2) if (first, largest) == (DESIGN, GLOBAL) else None,
    )
