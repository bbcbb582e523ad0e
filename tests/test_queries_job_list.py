"""All jobs of the database, a page at a time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from pipelines.value_keys import value_key
from queries.frames import read_transaction
from queries.job_list import JobQuery, find_job_ids, job_facets, jobs
from queries.paging import ListPage, Paging
from tests.factories import add_job, add_task

LONG = "0123456789abcdef" * 4
OTHER = "WHERE job_id = 'other'"


def ask(engine: Engine, **query: Any) -> ListPage:
    with read_transaction(engine, 10) as connection:
        return jobs(connection, JobQuery(**query))


@pytest.fixture
def some(platform: Engine) -> Engine:
    """Three jobs, of which one is of no pipeline."""
    with platform.begin() as connection:
        job = add_job(connection, LONG, parameters={"region_code": "Côte"})
        for stage, status in ((1, "completed"), (2, "completed"), (2, "failed"), (2, "pending")):
            add_task(connection, job, "g", status, stage=stage)
        add_job(connection, "other", job_type="load_vector", status="failed")
        add_job(
            connection, LONG[:8] + "x", job_type="process_fathom_merge", status="paused_by_operator"
        )
        connection.execute(
            text("UPDATE app.jobs SET error_details = '100% of it' WHERE job_id='other'")
        )
    return platform


def test_every_job_has_the_tasks_of_its_stage(some: Engine) -> None:
    page = ask(some)
    rows = {row["job_id"]: row for row in page.rows.to_dict("records")}
    assert (page.total, set(rows)) == (3, {LONG, "other", LONG[:8] + "x"})
    counts = ("tasks", "completed", "processing", "failed")
    assert [rows[LONG][name] for name in counts] == [3, 1, 0, 1]
    assert rows[LONG]["percent"] == pytest.approx(100 / 3)
    assert [rows["other"][name] for name in (*counts, "percent")] == [0, 0, 0, 0, 0.0]


def test_an_empty_database_has_an_empty_page_with_the_same_columns(
    some: Engine, engine: Engine
) -> None:
    empty, full = ask(engine).rows, ask(some).rows
    assert (len(empty), list(empty.columns)) == (0, list(full.columns))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"pipeline_types": ("process_fathom_stack", "process_fathom_merge")}, 2),
        ({"pipeline_types": ()}, 0),
        ({"types": ("load_vector",)}, 1),
        ({"statuses": ("paused_by_operator", "failed")}, 2),
        ({"text": LONG[:6]}, 2),
        ({"text": "côte"}, 1),
        ({"text": "LOAD_"}, 1),
        ({"text": "100%"}, 1),
        ({"text": "1%"}, 0),
        ({"types": ("load_vector",), "statuses": ("paused_by_operator",)}, 0),
    ],
)
def test_filters_narrow_the_list(some: Engine, query: dict[str, Any], found: int) -> None:
    assert ask(some, **query).total == found


@pytest.mark.parametrize("odd", ["__proto__", "tab\t", "≡x", "x" * 90 + "__PROTO__"])
def test_a_key_of_a_dropdown_finds_its_type(some: Engine, odd: str) -> None:
    with some.begin() as connection:
        add_job(connection, "odd", job_type=odd, status="failed")
    assert value_key(odd) != odd
    assert list(ask(some, types=(value_key(odd),)).rows["job_id"]) == ["odd"]
    assert list(ask(some, types=(odd,)).rows["job_id"]) == ["odd"]
    assert ask(some, types=(value_key(odd), "load_vector")).total == 2
    assert ask(some, types=(value_key("another\t"),)).total == 0


def test_the_newest_come_first_and_another_order_can_be_asked_for(some: Engine) -> None:
    with some.begin() as connection:
        connection.execute(
            text(
                "UPDATE app.jobs SET created_at = NOW() + INTERVAL '1 hour' WHERE job_id = 'other'"
            )
        )
    assert ask(some).rows["job_id"].iloc[0] == "other"
    by_type = ask(some, paging=Paging(sort="-job_type")).rows["job_type"]
    assert list(by_type) == sorted(by_type, reverse=True)
    with pytest.raises(ValueError, match="'tasks' can't be sorted by"):
        ask(some, paging=Paging(sort="tasks"))


def test_the_types_and_statuses_that_occur_are_counted(some: Engine) -> None:
    with read_transaction(some, 10) as connection:
        facets = job_facets(connection)
    assert facets["job_type"] == {
        "load_vector": 1,
        "process_fathom_merge": 1,
        "process_fathom_stack": 1,
    }
    assert sum(facets["status"].values()) == 3
    assert facets["status"]["paused_by_operator"] == 1


@pytest.mark.parametrize(
    ("beginning", "found"),
    [
        (LONG, (LONG,)),
        (LONG[:9], (LONG,)),
        (LONG[:8], (LONG, LONG[:8] + "x")),
        (LONG[:7], None),
        ("other", ("other",)),
        ("othe", None),
        ("%%%%%%%%", None),
        ("", None),
    ],
)
def test_a_job_is_found_by_its_beginning(
    some: Engine, beginning: str, found: tuple[str, ...] | None
) -> None:
    with read_transaction(some, 10) as connection:
        assert find_job_ids(connection, beginning) == found
