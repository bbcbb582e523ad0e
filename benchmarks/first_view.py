"""A pipeline's page in a browser that has never seen it, against a page of one empty table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from urllib.parse import urlsplit

from benchmarks.empty_table import served_empty_table
from benchmarks.opening import Opened, opened
from benchmarks.rollups import rollup_engine
from benchmarks.rows import Row, Target, at_most, files_size
from benchmarks.setup import Setup
from layouts.links import pipeline_link
from tests.browsing import HEADER, cell
from tests.remote import served

MOST, MOST_KB = 1.2, 600.0
NONE = Target("none", lambda own, other: own / other, lambda ratio: ratio == 0)
# The first digit in the banner, and the page that Dash draws in its place, its table with rows.
NUMBER, PAGE = ".tile .number", f"#page {cell('value')}"
TABLE = f"#react-entry-point {HEADER}"


def measure(setup: Setup) -> list[Row]:
    """Rows of the first view at the largest size: its time, and what it loads."""
    with (
        setup.files(setup.largest) as database,
        rollup_engine(database, setup.registry),
        served(database) as server,
        served_empty_table() as empty,
    ):
        page = f"{server.url}{pipeline_link(setup.pipeline.id)}"
        # A server has compressed its files when it has been asked once.
        opened(page, NUMBER, PAGE), opened(empty, TABLE, TABLE)
        pairs = [
            (opened(page, NUMBER, PAGE), opened(empty, TABLE, TABLE)) for _ in range(setup.repeat)
        ]
    return _rows(setup.largest, [own for own, _ in pairs], [other for _, other in pairs])


def _rows(files: int, own: Sequence[Opened], other: Sequence[Opened]) -> list[Row]:
    size, table = files_size(files), median(one.first_ms for one in other)
    note = (
        "Headless Chromium with a new profile each time, on the server's cores and without a "
        "network between; from the navigation's start to the frame that shows it. The empty table "
        "is Dash's, with dash-bootstrap-components, not compressed."
    )
    compare = f"an empty table drawn, {median(one.kilobytes for one in other):,.0f} KB"
    return [
        Row(
            "first number on the screen",
            size,
            "ms",
            median(one.first_ms for one in own),
            table,
            compare,
            at_most(MOST),
            note,
        ),
        Row(
            "the whole page, its table drawn",
            size,
            "ms",
            median(one.whole_ms for one in own),
            table,
            compare,
        ),
        Row(
            "loaded by the first view",
            size,
            "KB",
            median(one.kilobytes for one in own),
            MOST_KB,
            "allowed",
            at_most(1),
        ),
        Row(
            "asked of other hosts",
            size,
            "",
            len({urlsplit(url).netloc for one in own for url in one.elsewhere}),
            median(one.requests for one in own),
            "requests in all",
            NONE,
        ),
    ]
