"""What only Dash's DataTable has is named where tables are made: a successor replaces that."""

from __future__ import annotations

import re
from pathlib import Path

from layouts.tables import ORDER, PAGE, PAGES
from tests.test_conventions import ASSETS, ROOT, SOURCES, TESTS, VENDORED

# Its module, its properties, and the classes and attributes of its markup.
NAMES = re.compile(
    rf"dash_table|{PAGES}|{PAGE}|{ORDER}|column_id|dash-(?:table|spreadsheet|header|filter|cell|column)"
    r"|dashColumn|column-header|(?:first|previous|next|last)-page\b|current-page|previous-next-container"
)
# The fourth makes the page that a first view is compared with, the last is what browser tests read.
PLACES = {
    "layouts/tables.py",
    "assets/tables.js",
    "assets/40-tables.css",
    "benchmarks/empty_table.py",
    "tests/browsing.py",
}


def test_a_successor_of_the_tables_has_few_places_to_change() -> None:
    files = [*SOURCES, *TESTS, *(path for path in ASSETS if path.name not in VENDORED)]
    places = {str(path.relative_to(ROOT)) for path in files if names_it(path)}
    assert places == PLACES


def names_it(path: Path) -> bool:
    """Whether a file names something of DataTable's; this one has to."""
    return path != Path(__file__).resolve() and bool(NAMES.search(path.read_text("utf-8")))
