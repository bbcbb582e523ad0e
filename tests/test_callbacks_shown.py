"""What a tick sends of the leaves that differ."""

from __future__ import annotations

from typing import Any

import pytest

from callbacks.shown import Shown, changes
from layouts.leaves import Leaves
from tests.tab import merged

ROWS = [{"id": region, "total": 5, "done": 1} for region in ("civ", "rwa", "uga")]


def table(*rows: dict[str, Any]) -> Leaves:
    return Leaves(table={"by.region": list(rows)})


def test_without_a_before_every_leaf_is_whole() -> None:
    now = Leaves(text={"total": "6"}, bar={"done": 1 / 3}, table={"active": ROWS})
    assert changes(now, None) == [
        ["text", "children", {"total": "6"}, {}],
        ["bar", "style", {"done": {"width": "0.33%"}}, {}],
        ["table", "data", {"active": ROWS}, {}],
    ]


def test_what_is_equal_is_not_sent() -> None:
    leaves = Leaves(text={"total": "6"}, shown={"error": False}, options={"region": ROWS})
    assert changes(leaves, Leaves(**dict(leaves.kinds()))) == []


def test_of_a_row_that_differs_the_new_cells_are_sent() -> None:
    now = table(ROWS[0], {**ROWS[1], "done": 2}, ROWS[2])
    assert changes(now, table(*ROWS)) == [
        ["table", "data", {}, {"by.region": [[1, {"done": 2}]]}],
    ]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:2],
        [*ROWS, {"id": "zaf", "total": 1, "done": 0}],
        [{"id": "civ", "total": 5}, *ROWS[1:]],
    ],
    ids=["gone", "come", "of another shape"],
)
def test_a_table_whose_rows_came_went_or_changed_their_shape_is_sent_whole(
    rows: list[dict[str, Any]],
) -> None:
    assert changes(table(*rows), table(*ROWS)) == [["table", "data", {"by.region": rows}, {}]]


def test_rows_that_changed_places_are_right_after_their_cells_are_written() -> None:
    turned = ROWS[::-1]
    ((_, _, whole, cells),) = changes(table(*turned), table(*ROWS))
    assert whole == {}
    assert merged(ROWS, cells["by.region"]) == turned


def test_a_leaf_that_is_new_is_whole() -> None:
    before = Leaves(text={"total": "6"})
    assert changes(Leaves(text={"total": "6", "rate": "8/hr"}), before) == [
        ["text", "children", {"rate": "8/hr"}, {}]
    ]


def test_leaves_are_recalled_by_their_digest_until_many_others_came() -> None:
    shown, leaves = Shown(), Leaves(text={"total": "first"})
    digest = shown.remember(leaves)
    assert shown.recall(digest) == leaves
    assert shown.recall(None) is None
    for number in range(shown.LARGEST):
        shown.remember(Leaves(text={"total": str(number)}))
    assert shown.recall(digest) is None
