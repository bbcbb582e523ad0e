"""The banner says how its numbers were read."""

from __future__ import annotations

from layouts.banner import way_values
from queries.snapshot import Way


def test_kept_counts_are_told() -> None:
    assert way_values(Way(True, "", 0.01)).text == {"way": "Read from kept counts"}


def test_counting_is_told_with_its_time_and_reason() -> None:
    told = way_values(Way(False, "no counts are kept in this database", 1.2)).text["way"]
    assert told == "Counted from the tables in 2 s: no counts are kept in this database"
