"""What a tick sends of the page values that differ."""

from __future__ import annotations

from typing import Any

import pytest

from callbacks.sent_values import SentValues, diff
from layouts.page_values import PageValues
from tests.tab import merged

ROWS = [{"id": region, "total": 5, "done": 1} for region in ("civ", "rwa", "uga")]


def table(*rows: dict[str, Any]) -> PageValues:
    return PageValues(table={"by.region": list(rows)})


def test_without_a_before_every_slot_is_whole() -> None:
    now = PageValues(text={"total": "6"}, bar={"done": 1 / 3}, table={"active": ROWS})
    assert diff(now, None) == [
        ["text", "children", {"total": "6"}, {}],
        ["bar", "style", {"done": {"width": "0.33%"}}, {}],
        ["table", "data", {"active": ROWS}, {}],
    ]


def test_what_is_equal_is_not_sent() -> None:
    page_values = PageValues(
        text={"total": "6"}, visible={"error": False}, options={"region": ROWS}
    )
    assert diff(page_values, PageValues(**dict(page_values.kinds()))) == []


def test_of_a_row_that_differs_the_new_cells_are_sent() -> None:
    now = table(ROWS[0], {**ROWS[1], "done": 2}, ROWS[2])
    assert diff(now, table(*ROWS)) == [
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
    assert diff(table(*rows), table(*ROWS)) == [["table", "data", {"by.region": rows}, {}]]


def test_rows_that_changed_places_are_right_after_their_cells_are_written() -> None:
    turned = ROWS[::-1]
    ((_, _, whole, cells),) = diff(table(*turned), table(*ROWS))
    assert whole == {}
    assert merged(ROWS, cells["by.region"]) == turned


def test_a_slot_that_is_new_is_whole() -> None:
    before = PageValues(text={"total": "6"})
    assert diff(PageValues(text={"total": "6", "rate": "8/hr"}), before) == [
        ["text", "children", {"rate": "8/hr"}, {}]
    ]


def test_leaves_are_recalled_by_their_digest_until_many_others_came() -> None:
    sent, page_values = SentValues(), PageValues(text={"total": "first"})
    digest = sent.remember(page_values)
    assert sent.recall(digest) == page_values
    assert sent.recall(None) is None
    for number in range(sent.LARGEST):
        sent.remember(PageValues(text={"total": str(number)}))
    assert sent.recall(digest) is None
