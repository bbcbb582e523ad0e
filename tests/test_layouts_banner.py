"""The banner says how its numbers were read."""

from __future__ import annotations

from layouts.banner import read_mode_values
from queries.snapshot import ReadMode


def test_rollups_counts_are_told() -> None:
    assert read_mode_values(ReadMode(True, "", 0.01)).text == {"read-mode": "Read from rollups"}


def test_counting_is_told_with_its_time_and_reason() -> None:
    message = read_mode_values(ReadMode(False, "this database has no rollups", 1.2)).text[
        "read-mode"
    ]
    assert message == "Counted from the tables in 2 s: this database has no rollups"
