"""A small size of every benchmark, to see that it works; how long anything takes is not asked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.catalog import NAMES, benchmark
from benchmarks.results import keep_results, table
from benchmarks.rows import Row, at_least, at_most, faster
from benchmarks.setup import SMALL_SIZES, Setup
from database.engine import open_engine


@pytest.fixture(scope="module")
def setup() -> Iterator[Setup]:
    """A small run, whose databases its benchmarks share. Sockets need a short path."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    yield Setup(SMALL_SIZES, 1, True, folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_small_size_of_each_benchmark_works(name: str, setup: Setup) -> None:
    rows = benchmark(name)(setup)
    assert rows
    assert all(row.measured >= 0 and row.name and row.size for row in rows)


def test_the_files_are_as_a_run_leaves_them_halfway(setup: Setup) -> None:
    with setup.files(SMALL_SIZES[0]) as url:
        engine = open_engine(url)
        with engine.connect() as connection:
            found = connection.execute(text(SHARES)).one()
        engine.dispose()
    assert tuple(found) == (1600, 960, 320, 200, 0, 84)


# Files, completed in each phase, groups, groups of another number of files than eight; tasks that
# are processing or failed.
SHARES = """
SELECT count(*), count(phase1_completed_at), count(phase2_completed_at),
       count(DISTINCT phase1_group_key),
       (SELECT count(*) FROM (SELECT FROM app.etl_source_files GROUP BY phase1_group_key
                              HAVING count(*) <> 8) AS odd),
       (SELECT count(*) FROM app.tasks WHERE status IN ('processing', 'failed'))
FROM app.etl_source_files
"""


@pytest.mark.parametrize(
    ("target", "measured", "against", "ratio", "met"),
    [
        (faster(3), 10, 30, 3, True),
        (faster(3), 10, 29, 2.9, False),
        (at_most(2), 30, 10, 3, False),
        (at_least(0.5), 30, 10, 3, True),
        (None, 30, 10, 3, None),
    ],
)
def test_a_row_tells_whether_its_target_is_met(
    target: object, measured: float, against: float, ratio: float, met: bool | None
) -> None:
    row = Row("refresh", "3 files", "ms", measured, against, "another", target)  # type: ignore[arg-type]
    assert (row.ratio, row.met) == (ratio, met)


def test_results_keep_other_benchmarks_and_what_was_written_below(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    fast, slow = Row("fast", "1 file", "ms", 1), Row("slow", "1 file", "ms", 2000)
    keep_results("writes", [slow], file)
    file.write_text(file.read_text() + "\n### Why\n\nIt waits.\n")
    keep_results("refresh", [fast], file)
    keep_results("writes", [fast, slow], file)
    text = file.read_text()
    assert text.index("## refresh") < text.index("## writes") < text.index("It waits.")
    assert table([fast, slow]) in text
    assert text.count("## writes") == text.count("### Why") == 1
