"""The banner says how its numbers were read, and where its failed files are."""

from __future__ import annotations

from typing import Any

import pytest

from layouts.banner import banner_values, read_mode_values
from layouts.links import group_link, pipeline_link
from pipelines.models import Pipeline
from queries.snapshot import ReadMode
from queries.summary import Summary

RWA = {"region": ["rwa"]}
NOTHING = Summary(9, 0, 0, 0, 0, 0.0, None, None, None, "", None, "no files", None, False)


def test_rollups_counts_are_told() -> None:
    assert read_mode_values(ReadMode(True, "", 0.01)).text == {"read-mode": "Read from rollups"}


def test_counting_is_told_with_its_time_and_reason() -> None:
    message = read_mode_values(ReadMode(False, "this database has no rollups", 1.2)).text[
        "read-mode"
    ]
    assert message == "Counted from the tables in 2 s: this database has no rollups"


@pytest.mark.parametrize(
    ("failed", "phase"),
    [((8, 3), "phase1"), ((3, 8), "phase2"), ((None, 1), "phase2"), ((2, None), "phase1")],
)
def test_the_failed_tile_leads_to_the_phase_that_has_most_of_them(
    fathom: Pipeline, failed: tuple[Any, ...], phase: str
) -> None:
    assert lead(fathom, failed) == group_link("fathom", phase, "failed", RWA)


@pytest.mark.parametrize("failed", [(0, 0), (None, None)])
def test_where_nothing_failed_the_tile_stays_on_the_page(
    fathom: Pipeline, failed: tuple[Any, ...]
) -> None:
    assert lead(fathom, failed) == pipeline_link("fathom", RWA)


def lead(fathom: Pipeline, failed: tuple[Any, ...]) -> str:
    phases = [
        {"phase": phase.id, "completed": 0, "failed": count}
        for phase, count in zip(fathom.phases, failed, strict=True)
    ]
    return banner_values(NOTHING, phases, fathom, RWA).href["tile.failed"]
