"""What a tick sends of the page values that differ."""

from __future__ import annotations

from typing import Any

import pytest

from callbacks.sent_values import SentValues, diff
from layouts.page_values import PageValues
from queries.observed import Unobserved
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


def test_page_values_are_forgotten_when_they_take_too_much_room() -> None:
    sent = SentValues()
    values = [PageValues(text={"total": f"{number}"}) for number in range(4)]
    sent.MOST_BYTES = sum(len(one.packed) for one in values[:3])
    digests = [sent.remember(one) for one in values[:3]]
    assert None not in [sent.recall(digest) for digest in digests]
    # What is remembered again was used last, and takes no more room.
    sent.remember(values[0])
    sent.remember(values[3])
    assert [sent.recall(one.digest) is not None for one in values] == [True, False, True, True]
    sent.remember(values[1])
    assert [sent.recall(one.digest) is not None for one in values] == [True, True, False, True]


def test_whether_values_were_there_is_observed() -> None:
    seen: list[tuple[str, bool]] = []

    class Watcher(Unobserved):
        def looked_up(self, cache: str, hit: bool) -> None:
            seen.append((cache, hit))

    page_values = PageValues(text={"total": "6"})
    sent = SentValues(Watcher())
    digest = sent.remember(page_values)
    sent.recall(digest)
    sent.recall("0" * 24)
    SentValues(Watcher()).recall(digest)
    assert seen == [("sent", True), ("sent", False), ("sent", False)]
