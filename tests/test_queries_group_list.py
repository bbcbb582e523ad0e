"""The groups behind a card's numbers: their files sum to them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from pipelines.models import Phase, Pipeline
from queries.frames import read_transaction
from queries.group_list import STATES, GroupQuery, groups
from queries.paging import ListPage, Paging
from queries.phases import phases
from queries.snapshot import stored_values
from tests.factories import CIV, RWA, add_files, add_job, add_task, read_now

COAST = {"region": "CIV", "flood_type": "coastal"}


@pytest.fixture
def some(engine: Engine) -> Engine:
    """Groups in every state, and files without a group or without a region."""
    with engine.begin() as connection:
        first, second = add_job(connection, "job-1"), add_job(connection, "job-2")
        for name, metadata in (("a", RWA), ("b", CIV), ("c", RWA), ("d", COAST)):
            add_files(connection, 8, metadata=metadata, group=name)
        add_files(connection, 3, metadata=None, group="e")
        add_files(connection, 2, metadata=RWA, group="f")
        add_files(connection, 1, metadata=CIV, group="f", size=None)
        add_files(connection, 2, metadata=RWA)
        add_files(connection, 4, metadata=RWA, group="g", group2="G", phase1="1 hour")
        add_files(
            connection, 5, metadata=CIV, group="h", group2="H", phase1="2 hours", phase2="1 hour"
        )
        add_task(connection, first, "a", "failed", error="disk full", created="2 hours")
        add_task(connection, second, "a", "failed", error="truncated: 1in5", created="1 hour")
        add_task(connection, first, "b", "failed", error="old", created="2 hours")
        add_task(connection, second, "b", "processing", created="1 hour")
        add_task(connection, first, "c", "failed", error="old", created="2 hours")
        add_task(connection, second, "c", "queued", created="1 hour")
        add_task(connection, first, "d", "failed", error="x" * 3000)
        add_task(connection, first, "h", "completed", seconds=3)
        # A merge that has failed for the second phase alone.
        add_task(connection, first, "G", "failed", task_type="fathom_spatial_merge")
    return engine


def ask(engine: Engine, pipeline: Pipeline, phase: str, state: str, **query: Any) -> ListPage:
    with read_transaction(engine, 10) as connection:
        return groups(connection, pipeline, GroupQuery(pipeline.id, phase, state, **query))


def names(page: ListPage) -> list[str]:
    return list(page.rows["group"])


@pytest.mark.parametrize("filters", [{}, {"region": ["rwa"]}, {"region": ["civ", "not set"]}])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("phase", ["phase1", "phase2"])
def test_the_files_of_the_groups_sum_to_the_cards_number(
    some: Engine, fathom: Pipeline, phase: str, state: str, filters: dict[str, list[str]]
) -> None:
    snapshot = read_now(some, fathom)
    card = phases(snapshot.narrowed(filters)).set_index("phase").loc[phase]
    stored = tuple(stored_values(snapshot, filters).items())
    page = ask(some, fathom, phase, state, stored=stored, paging=Paging(size=1000))
    assert page.rows["files"].sum() == card[state]
    assert page.total == len(page.rows)


def test_groups_are_counted_up_to_a_number(
    some: Engine, fathom: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = ask(some, fathom, "phase1", "pending")
    assert (every.total, every.exact) == (len(every.rows), True)
    monkeypatch.setattr("queries.group_list.MOST_COUNTED", 3)
    page = ask(some, fathom, "phase1", "pending")
    assert (page.total, page.exact) == (3, False)
    assert names(page) == names(every)


def test_a_failed_group_has_its_latest_task_with_the_error(some: Engine, fathom: Pipeline) -> None:
    page = ask(some, fathom, "phase1", "failed")
    assert names(page) == ["a", "d"]
    first = page.rows.to_dict("records")[0]
    assert (first["files"], first["bytes"], first["by:region"]) == (8, 800, "rwa")
    assert (first["job_id"], first["status"]) == ("job-2", "failed")
    assert first["error_details"] == "truncated: 1in5"
    assert first["ended_at"] is not pd.NaT
    assert len(page.rows["error_details"].iloc[1]) == 3000


def test_a_group_at_work_is_shown_with_the_task_that_works(some: Engine, fathom: Pipeline) -> None:
    (row,) = ask(some, fathom, "phase1", "processing").rows.to_dict("records")
    assert (row["group"], row["status"], row["job_id"]) == ("b", "processing", "job-2")
    assert pd.isna(row["ended_at"])


def test_a_group_at_work_is_shown_so_though_a_later_task_of_it_failed(
    engine: Engine, fathom: Pipeline
) -> None:
    with engine.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="a")
        job = add_job(connection, "job-1")
        works = add_task(connection, job, "a", "processing", created="2 hours")
        add_task(connection, job, "a", "failed", created="1 hour")
    (row,) = ask(engine, fathom, "phase1", "processing").rows.to_dict("records")
    assert (row["task_id"], row["status"]) == (works, "processing")
    assert ask(engine, fathom, "phase1", "failed").rows.empty


def test_files_without_a_group_stand_alone_and_last(some: Engine, fathom: Pipeline) -> None:
    page = ask(some, fathom, "phase1", "pending")
    # f is a group of either region.
    assert names(page)[:7] == ["a", "b", "c", "d", "e", "f", "f"]
    assert [name.startswith("file-") for name in names(page)[7:]] == [True, True]
    rows = page.rows.set_index("group")
    assert list(rows.loc["f", "by:region"]) == ["civ", "rwa"]
    assert pd.isna(rows.loc["e", "by:region"])


def test_a_search_finds_names_and_errors(some: Engine, fathom: Pipeline) -> None:
    assert names(ask(some, fathom, "phase1", "failed", text="TRUNC")) == ["a"]
    assert names(ask(some, fathom, "phase1", "failed", text="d")) == ["a", "d"]
    assert names(ask(some, fathom, "phase1", "pending", text="E")) == ["e", *_files(some, fathom)]
    assert names(ask(some, fathom, "phase1", "pending", text="%")) == []


def _files(engine: Engine, pipeline: Pipeline) -> list[str]:
    return [n for n in names(ask(engine, pipeline, "phase1", "pending")) if n.startswith("file-")]


def test_pages_and_orders(some: Engine, fathom: Pipeline) -> None:
    pages = [
        ask(some, fathom, "phase1", "pending", paging=Paging(page, 3, "-files"))
        for page in (1, 2, 3)
    ]
    files = [count for page in pages for count in page.rows["files"]]
    assert files == sorted(files, reverse=True)
    assert [page.total for page in pages] == [9, 9, 9]
    found = [row for page in pages for row in zip(names(page), page.rows["by:region"], strict=True)]
    assert len(found) == len(set(found)) == 9
    with pytest.raises(ValueError, match="expected one of: group, files, bytes"):
        ask(some, fathom, "phase1", "pending", paging=Paging(sort="error"))


def test_a_phase_without_groups_lists_its_files(some: Engine, fathom: Pipeline) -> None:
    plain = Phase(id="phase1", name="Plain", completed_field="phase1_completed_at")
    pipeline = fathom.model_copy(update={"phases": (plain,), "groupings": ()})
    page = ask(some, pipeline, "phase1", "completed")
    assert (page.total, set(page.rows["files"])) == (9, {1})
    assert page.rows["task_id"].isna().all()


def test_an_empty_page_has_the_same_columns(some: Engine, fathom: Pipeline) -> None:
    empty = ask(some, fathom, "phase1", "failed", text="nothing like it")
    full = ask(some, fathom, "phase1", "failed")
    assert (len(empty.rows), empty.total) == (0, 0)
    assert list(empty.rows.columns) == list(full.rows.columns)


def test_the_platforms_tables_are_listed_alike(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 8, metadata=CIV, group="a")
        job = add_job(connection, "job-1")
        add_task(connection, job, "a", "failed", error="truncated")
        add_task(connection, job, "b", "quarantined")
    (failed,) = ask(tables, fathom, "phase1", "failed").rows.to_dict("records")
    assert (failed["error_details"], failed["files"]) == ("truncated", 8)
    minutes = (pd.Timestamp.now("UTC") - failed["ended_at"]).total_seconds() / 60
    assert abs(minutes) < 5
