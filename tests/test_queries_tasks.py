"""The tasks of a job, a page at a time."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sqlalchemy import Engine

from queries.frames import read_transaction
from queries.paging import ListPage, Paging
from queries.tasks import COLUMNS, TaskQuery, tasks
from tests.factories import add_job, add_task


def ask(engine: Engine, **query: Any) -> ListPage:
    with read_transaction(engine, 10) as connection:
        return tasks(connection, TaskQuery("job-1", **query))


def ids(page: ListPage) -> list[str]:
    return [task_id.rpartition("-")[0] for task_id in page.rows["task_id"]]


@pytest.fixture
def some(platform: Engine) -> Engine:
    """A job with five tasks, and another."""
    with platform.begin() as connection:
        job = add_job(connection, "job-1")
        add_task(connection, job, "a", "completed", stage=1, seconds=3)
        add_task(connection, job, "b", "processing", seconds=3, worker="node-7")
        add_task(connection, job, "c", "failed", seconds=2, error="<b>50% truncated</b>")
        add_task(connection, job, "d", "quarantined")
        add_task(connection, job, "e", "completed", seconds=9, metadata={"peak_memory_mb": 7})
        add_task(connection, add_job(connection, "job-2"), "f", "failed")
    return platform


def test_failed_tasks_come_first_then_those_at_work(some: Engine) -> None:
    page = ask(some)
    rows = page.rows.to_dict("records")
    statuses = ["failed", "processing", "completed", "quarantined", "completed"]
    assert [row["status"] for row in rows] == statuses
    assert (page.total, page.exact) == (5, True)
    assert (rows[0]["error_details"], rows[0]["seconds"]) == (
        "<b>50% truncated</b>",
        pytest.approx(2),
    )
    assert math.isnan(rows[1]["seconds"])
    assert page.rows.dtypes.astype(str).to_dict() == COLUMNS


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"stages": (1,)}, 1),
        ({"statuses": ("completed", "quarantined")}, 3),
        ({"statuses": ("nothing",)}, 0),
        ({"stages": (2,), "statuses": ("completed",)}, 1),
        ({"text": "TRUNCATED"}, 1),
        ({"text": "50%"}, 1),
        ({"text": "5%t"}, 0),
        ({"text": "node-7"}, 1),
        ({"text": "job-1"}, 5),
    ],
)
def test_filters_narrow_the_list(some: Engine, query: dict[str, Any], count: int) -> None:
    page = ask(some, **query)
    assert (page.total, len(page.rows)) == (count, count)


@pytest.mark.parametrize(("sort", "first"), [("-seconds", 9), ("seconds", 2)])
def test_tasks_are_sorted_over_all_pages_unknown_values_last(
    some: Engine, sort: str, first: float
) -> None:
    page = ask(some, paging=Paging(sort=sort))
    assert page.rows["seconds"].iloc[0] == pytest.approx(first)
    assert math.isnan(page.rows["seconds"].iloc[-1])


def test_pages_have_every_task_once(some: Engine) -> None:
    pages = [ask(some, paging=Paging(page, size=2)) for page in (1, 2, 3, 4)]
    assert [len(page.rows) for page in pages] == [2, 2, 1, 0]
    found = [task_id for page in pages for task_id in page.rows["task_id"]]
    assert found == list(ask(some).rows["task_id"])


def test_an_unknown_sort_is_told(some: Engine) -> None:
    with pytest.raises(ValueError, match=r"'parameters'.* expected one of: task_id, stage"):
        ask(some, paging=Paging(sort="-parameters"))


def test_more_rows_than_anybody_reads_are_not_counted(
    some: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most, counted in ((3, (3, False)), (4, (4, False)), (5, (5, True)), (6, (5, True))):
        monkeypatch.setattr("queries.tasks.MOST_COUNTED", most)
        page = ask(some, paging=Paging(size=2))
        assert (page.total, page.exact) == counted, most
        assert len(page.rows) == 2
