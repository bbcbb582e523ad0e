"""Sums over a cube's rows by the values of a grouping."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from pipelines.models import Pipeline
from queries.cube import narrow
from queries.groupings import breakdown, breakdowns
from queries.snapshot import Snapshot

NOTHING = pd.DataFrame()


def cube(rows: list[tuple[str, str, int, int, int]]) -> pd.DataFrame:
    """A cube of regions and years: total, bytes and files that are done in both phases."""
    names = ["by:region", "by:year", "total", "bytes", "phase1_completed"]
    frame = pd.DataFrame(rows, columns=names)
    frame["phase2_completed"] = frame["phase1_completed"]
    return frame.astype({"by:region": "category", "by:year": "category"})


def snapshot(fathom: Pipeline, files: pd.DataFrame) -> Snapshot:
    missing = dict.fromkeys(fathom.dimensions, "not set")
    return Snapshot(fathom, datetime.now(UTC), files, NOTHING, NOTHING, NOTHING, missing)


def records(fathom: Pipeline, files: pd.DataFrame) -> list[tuple[Any, ...]]:
    rows = breakdown(snapshot(fathom, files), "region")
    named = rows[["value", "total", "phase1_pending", "phase1_percent"]]
    return list(named.itertuples(index=False, name=None))


def test_rows_are_summed_by_value_and_sorted_by_it(fathom: Pipeline) -> None:
    files = cube([("rwa", "2020", 8, 0, 8), ("civ", "2020", 3, 0, 1), ("rwa", "2030", 8, 0, 0)])
    assert records(fathom, files) == [("civ", 3, 2, 33.3), ("rwa", 16, 8, 50.0)]


def test_a_value_that_no_row_has_any_more_is_left_out(fathom: Pipeline) -> None:
    files = cube([("rwa", "2020", 8, 0, 8), ("civ", "2020", 3, 0, 1), ("uga", "2030", 1, 0, 0)])
    assert records(fathom, files[files["by:year"] == "2030"]) == [("uga", 1, 1, 0.0)]


def test_sums_are_exact_beyond_what_a_float_holds(fathom: Pipeline) -> None:
    odd = 2**53 + 1
    files = cube([("rwa", "2020", 1, odd, 0), ("rwa", "2030", 1, odd + 1, 0)])
    assert breakdowns(snapshot(fathom, files), ["region"])["region"]["bytes"] == [2 * odd + 1]


def test_the_lists_are_the_frames_columns(fathom: Pipeline) -> None:
    taken = snapshot(fathom, cube([("rwa", "2020", 8, 5, 8), ("civ", "2020", 3, 5, 1)]))
    found = breakdowns(taken, ["year", "region"])
    assert list(found) == ["year", "region"]
    assert found["region"] == breakdown(taken, "region").to_dict("list")


def test_a_value_is_meant_by_another_case_where_it_does_not_occur_as_written() -> None:
    files = cube([("RWA", "2020", 1, 0, 0), ("rwa", "2030", 2, 0, 0), ("civ", "2030", 4, 0, 0)])
    assert list(narrow(files, {"region": ["RWA"]})["total"]) == [1]
    assert list(narrow(files, {"region": ["CIV", "rwa"]})["total"]) == [2, 4]
    assert list(narrow(files, {"year": ["2030"], "region": ["RWA"]})["total"]) == [2]
    assert narrow(files, {"region": ["elsewhere"]}).empty
