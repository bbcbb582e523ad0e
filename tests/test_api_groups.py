"""The groups behind a card's number over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from pipelines.models import Phase, Pipeline
from pipelines.registry import Registry
from tests.factories import CIV, RWA, add_files, add_job, add_task
from tests.serving import Api

GROUPS = "/api/etl/groups"
ASKED = {"etl_type": "fathom", "phase": "phase1"}


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over two failed groups, one at work, one that waits and two files without a group."""
    with engine.begin() as connection:
        first, second = add_job(connection, "job-1"), add_job(connection, "job-2")
        for name, metadata in (("a", RWA), ("b", CIV), ("c", RWA), ("d", CIV)):
            add_files(connection, 8, metadata=metadata, group=name)
        add_files(connection, 2, metadata=None)
        add_files(connection, 4, metadata=RWA, group="g", group2="G", phase1="1 hour")
        add_task(connection, first, "a", "failed", error="disk full", created="2 hours")
        add_task(connection, second, "a", "failed", error="truncated", created="1 hour")
        add_task(connection, first, "b", "failed", error="old", created="2 hours")
        add_task(connection, second, "b", "processing", created="1 hour")
        add_task(connection, first, "d", "failed")
    api = Api(engine, registry)
    api.renew()
    return api


@pytest.mark.parametrize("filters", [{}, {"region": ["RWA", "not set"]}, {"by.region": "civ"}])
@pytest.mark.parametrize("state", ["pending", "processing", "failed", "completed"])
def test_the_groups_sum_to_the_number_of_the_statistics(
    api: Api, state: str, filters: dict[str, Any]
) -> None:
    card = api.json("/api/etl/stats", etl_type="fathom", **filters)["phases"]["phase1"]
    pages = [
        api.json(GROUPS, **ASKED, **filters, state=state, size=2, page=page) for page in (1, 2, 3)
    ]
    groups = [group for page in pages for group in page["groups"]]
    assert sum(group["files"] for group in groups) == card[state]
    assert {page["total"] for page in pages} == {len(groups)}


def test_a_failed_group_has_its_error_and_task(api: Api) -> None:
    body = api.json(GROUPS, **ASKED, state="failed")
    assert [body[name] for name in ("etl_type", "phase", "state")] == ["fathom", "phase1", "failed"]
    first = body["groups"][0]
    assert (first["group"], first["files"], first["bytes"]) == ("a", 8, 800)
    assert first["values"] == {**RWA, "year": "2020"}
    task = first["task"]
    assert (task["job_id"], task["error_details"], task["retry_count"]) == ("job-2", "truncated", 0)
    assert task["ended_at"].endswith("Z")


def test_a_group_without_a_task_or_values_says_so(api: Api) -> None:
    groups = api.json(GROUPS, **ASKED, state="pending", sort="files")["groups"]
    assert groups[0]["group"].startswith("file-")
    assert groups[0]["task"] is None
    assert set(groups[0]["values"].values()) == {None}


def test_a_search_narrows_the_groups(api: Api) -> None:
    found = api.json(GROUPS, **ASKED, state="failed", q="TRUNC")["groups"]
    assert [group["group"] for group in found] == ["a"]


@pytest.mark.parametrize(
    ("query", "parameter", "expected"),
    [
        ({}, "state", "one of: pending, eligible, processing, failed, completed"),
        ({"state": "lost"}, "state", "one of: pending, eligible, processing, failed, completed"),
        ({"state": "failed", "phase": "phase9"}, "phase", "one of: phase1, phase2"),
        ({"state": "failed", "size": "0"}, "size", "a whole number from 1 to 1000"),
        ({"state": "failed", "q": "a\0"}, "q", "text without NUL characters"),
    ],
)
def test_a_wrong_parameter_is_told_by_name(
    api: Api, query: dict[str, Any], parameter: str, expected: str
) -> None:
    message = api.refused(GROUPS, 400, **{**ASKED, **query})
    assert (message["parameter"], message["expected"]) == (parameter, expected)


def test_what_a_file_does_not_take_is_told(api: Api) -> None:
    for name in ("page", "size", "sort", "colour"):
        message = api.refused(f"{GROUPS}.csv", 400, **ASKED, state="failed", **{name: "1"})
        assert message["parameter"] == name
        assert "region, flood_type, defense, year" in message["expected"]


@pytest.mark.parametrize("kind", ["", ".csv"])
def test_an_unknown_pipeline_is_not_found(api: Api, kind: str) -> None:
    message = api.refused(
        f"{GROUPS}{kind}", 404, etl_type="nothing", phase="phase1", state="failed"
    )
    assert "expected one of: fathom, raster_v2" in message["detail"]


def test_a_filter_needs_the_numbers(engine: Engine, registry: Registry) -> None:
    api = Api(engine, registry)
    assert "no numbers" in api.refused(GROUPS, 503, **ASKED, state="failed", region="x")["detail"]
    assert api.json(GROUPS, **ASKED, state="failed")["groups"] == []


@pytest.mark.parametrize(
    ("state", "groups"), [("pending", ["a"]), ("failed", None), ("processing", None)]
)
def test_a_phase_without_tasks_has_no_failed_groups(
    engine: Engine, fathom: Pipeline, state: str, groups: list[str] | None
) -> None:
    plain = Phase(id="phase1", name="Plain", completed_field="phase1_completed_at")
    pipeline = fathom.model_copy(update={"phases": (plain,)})
    with engine.begin() as connection:
        add_files(connection, 1, metadata=RWA, group="a")
    api = Api(engine, Registry({"fathom": pipeline}))
    if groups is None:
        message = api.refused(GROUPS, 400, **ASKED, state=state)
        assert message["expected"] == "one of: pending, eligible, completed"
    else:
        assert api.json(GROUPS, **ASKED, state=state)["total"] == len(groups)
