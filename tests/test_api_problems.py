"""Errors below /api/ are problem details; pages answer as they did."""

from __future__ import annotations

import pytest
from flask import abort
from sqlalchemy import Engine

from pipelines.registry import Registry
from tests.door import Door
from tests.serving import Api


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over an empty database."""
    return Api(engine, registry)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/etl/stats/", "/api/interfaces/x"])
def test_an_unknown_path_is_not_found(api: Api, path: str) -> None:
    assert "/api/openapi.json" in api.refused(path, 404)["detail"]
    assert api.client.delete(path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/interface/pipeline", "/api/interface", "/elsewhere"])
def test_pages_stay_pages(api: Api, path: str) -> None:
    assert api.get(path).mimetype == "text/html"
    refused = api.client.delete(path)
    assert (refused.status_code, refused.mimetype) == (405, "text/html")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/etl/stats", "GET"),
        ("PUT", "/api/jobs/abc", "GET"),
        ("DELETE", "/api/openapi.json", "GET"),
        ("GET", "/api/jobs/submit/process_fathom_stack/", ""),
    ],
)
def test_a_wrong_method_is_told_the_right_one(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.client.open(path, method=method)
    assert answer.status_code == (405 if allowed else 404)
    assert answer.mimetype == "application/problem+json"
    assert answer.headers.get("Allow", "") == allowed


def test_a_submission_is_no_question(api: Api) -> None:
    answer = api.get("/api/jobs/submit/process_fathom_stack")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path",
    ["/api/jobs", "/api/jobs/abc", "/api/jobs/abc/tasks", "/api/jobs/abc/tasks.csv"]
    + [f"/api/etl/groups{kind}?etl_type=fathom&phase=phase1&state=failed" for kind in ("", ".csv")],
)
def test_a_database_that_is_away_is_told(api: Api, door: Door, path: str) -> None:
    door.close()
    detail = api.refused(path, 503)["detail"]
    assert "not currently accepting connections" in detail
    door.open()
    assert api.get(path).status_code != 503


def test_numbers_that_were_never_read_are_told(api: Api, door: Door) -> None:
    assert "has not answered yet" in api.refused("/api/etl/stats?etl_type=fathom", 503)["detail"]
    door.close()
    api.renew()
    detail = api.refused("/api/etl/stats?etl_type=fathom", 503)["detail"]
    assert "not currently accepting connections" in detail


def test_an_error_that_nobody_thought_of_is_told_without_its_secrets(api: Api) -> None:
    def broken() -> str:
        raise RuntimeError("secret")

    api.client.application.add_url_rule("/api/broken", view_func=broken)
    api.client.application.add_url_rule("/api/large", "large", lambda: abort(413))
    assert "secret" not in api.refused("/api/broken", 500)["detail"]
    assert api.refused("/api/large", 413)["title"] == "Request Entity Too Large"
