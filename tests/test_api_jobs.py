"""Jobs and their tasks over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, text

from pipelines.registry import Registry
from tests.factories import add_job, add_task
from tests.serving import Api

LONG = "0123456789abcdef" * 4


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over jobs of two pipelines and of none."""
    return serve(engine, registry)


def serve(engine: Engine, registry: Registry) -> Api:
    with engine.begin() as connection:
        job = add_job(connection, LONG, parameters={"region_code": "rwa", "limit": 10**30})
        add_task(connection, job, "a", "failed", seconds=2, error="<b>=truncated</b>")
        add_task(connection, job, "b", "cancelled", worker="node-7")
        add_task(connection, job, "c", "completed", stage=1, seconds=3)
        add_job(connection, "other", job_type="load_vector", status="failed")
        add_job(connection, LONG[:8] + "x", job_type="process_raster_v2", status="queued")
    return Api(engine, registry)


def ids(body: dict[str, Any]) -> set[str]:
    return {job["job_id"][:9] for job in body["jobs"]}


def test_all_jobs_are_listed_with_their_pipeline(api: Api) -> None:
    body = api.json("/api/jobs")
    assert (body["page"], body["size"], body["total"], body["total_exact"]) == (1, 50, 3, True)
    jobs = {job["job_id"]: job for job in body["jobs"]}
    assert [jobs[name]["pipeline"] for name in (LONG, "other")] == ["fathom", None]
    counts = {"tasks": 2, "completed": 0, "processing": 0, "failed": 1}
    assert jobs[LONG]["task_counts"] == counts


def test_the_platforms_tables_are_told_alike(tables: Engine, registry: Registry) -> None:
    api = serve(tables, registry)
    with tables.begin() as connection:
        add_job(connection, "job-1", status="paused_by_operator", job_type="load_vector")
        add_task(connection, "job-1", "a", "quarantined")
    (job,) = api.json("/api/jobs", status="paused_by_operator")["jobs"]
    assert job["created_at"].endswith("Z")
    age = datetime.now(UTC) - datetime.fromisoformat(job["created_at"])
    assert abs(age.total_seconds()) < 300
    assert api.json("/api/jobs/job-1")["stages"][0]["other"] == 1
    assert api.json("/api/jobs/job-1/tasks")["tasks"][0]["status"] == "quarantined"
    assert "quarantined" in api.get("/api/jobs/job-1/tasks.csv").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"pipeline": "fathom"}, {"012345678"}),
        ({"pipeline": ["fathom", "raster_v2"]}, {"012345678", "01234567x"}),
        ({"job_type": ["load_vector", "process_raster_v2"]}, {"other", "01234567x"}),
        ({"status": ["failed", "cancelled"]}, {"other"}),
        ({"q": "RWA"}, {"012345678"}),
        ({"pipeline": "fathom", "status": "failed"}, set()),
        ({"pipeline": "", "q": ""}, {"012345678", "01234567x", "other"}),
    ],
)
def test_filters_narrow_the_jobs(api: Api, query: dict[str, Any], found: set[str]) -> None:
    assert ids(api.json("/api/jobs", **query)) == found


def test_pages_have_every_job_once(api: Api) -> None:
    pages = [api.json("/api/jobs", size=2, page=page, sort="-job_id") for page in (1, 2, 3)]
    found = [job["job_id"] for body in pages for job in body["jobs"]]
    assert found == sorted(found, reverse=True)
    assert [len(body["jobs"]) for body in pages] == [2, 1, 0]


@pytest.mark.parametrize(
    ("query", "parameter", "expected"),
    [
        ({"colour": "red"}, "colour", "one of: pipeline, job_type, status, q, page, size, sort"),
        ({"page": "0"}, "page", "a whole number from 1 to 1000000"),
        ({"page": "x"}, "page", "a whole number from 1 to 1000000"),
        ({"page": ["1", "2"]}, "page", "one value"),
        ({"size": "1001"}, "size", "a whole number from 1 to 1000"),
        ({"size": "9" * 40}, "size", "a whole number from 1 to 1000"),
        ({"pipeline": "nothing"}, "pipeline", "one of: fathom, raster_v2"),
        ({"q": "a\0"}, "q", "text without NUL characters"),
    ],
)
def test_a_wrong_parameter_is_told_by_name(
    api: Api, query: dict[str, Any], parameter: str, expected: str
) -> None:
    message = api.refused("/api/jobs", 400, **query)
    assert (message["parameter"], message["expected"]) == (parameter, expected)
    assert parameter in message["detail"]
    assert expected in message["detail"]


def test_a_wrong_order_is_told(api: Api) -> None:
    assert "one of: job_id, job_type" in api.refused("/api/jobs", 400, sort="colour")["expected"]
    message = api.refused(f"/api/jobs/{LONG}/tasks", 400, sort="--stage")
    assert (message["parameter"], message["expected"][:15]) == ("sort", "one of: task_id")


@pytest.mark.parametrize("asked", [LONG, LONG[:9]])
def test_a_job_has_its_parameters_and_stages(api: Api, asked: str) -> None:
    job = api.json(f"/api/jobs/{asked}")
    assert (job["job_id"], job["pipeline"], job["status"]) == (LONG, "fathom", "processing")
    assert job["parameters"] == {"region_code": "rwa", "limit": 10**30}
    counts = [(stage["stage"], stage["tasks"], stage["failed"]) for stage in job["stages"]]
    assert counts == [(1, 1, 0), (2, 2, 1)]
    assert job["stages"][0]["rate_per_minute"] is None


def test_a_job_of_no_pipeline_is_told_too(api: Api) -> None:
    job = api.json("/api/jobs/other")
    assert (job["pipeline"], job["stages"], job["result_data"]) == (None, [], None)


@pytest.mark.parametrize("kind", ["", "/tasks", "/tasks.csv"])
def test_a_job_that_is_not_there_is_not_found(api: Api, kind: str) -> None:
    for asked in ("nothing-like-it", LONG[:7], "%2500", "%00", "%25%25%25%25%25%25%25%25"):
        assert "at least 8 characters" in api.refused(f"/api/jobs/{asked}{kind}", 404)["detail"]


@pytest.mark.parametrize("kind", ["", "/tasks", "/tasks.csv"])
def test_a_beginning_of_several_jobs_names_them(api: Api, kind: str) -> None:
    message = api.refused(f"/api/jobs/{LONG[:8]}{kind}", 400)
    assert (message["parameter"], set(message["job_ids"])) == ("job_id", {LONG, LONG[:8] + "x"})


def test_tasks_come_a_page_at_a_time(api: Api) -> None:
    body = api.json(f"/api/jobs/{LONG}/tasks", size=2)
    first, second = body["tasks"]
    assert (body["job_id"], body["total"], first["status"]) == (LONG, 3, "failed")
    assert (first["error_details"], first["seconds"]) == ("<b>=truncated</b>", pytest.approx(2))
    assert (first["peak_memory_mb"], second["seconds"]) == (None, pytest.approx(3))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"stage": 1}, 1),
        ({"stage": [1, 2]}, 3),
        ({"status": ["failed", "cancelled"]}, 2),
        ({"q": "NODE"}, 1),
        ({"q": "50%"}, 0),
        ({"stage": 1, "status": "failed"}, 0),
    ],
)
def test_filters_narrow_the_tasks_and_their_file(
    api: Api, query: dict[str, Any], found: int
) -> None:
    assert api.json(f"/api/jobs/{LONG}/tasks", **query)["total"] == found
    file = api.get(f"/api/jobs/{LONG}/tasks.csv", **query).text
    assert len(file.splitlines()) == found + 1


def test_a_stage_that_is_no_number_is_told(api: Api) -> None:
    for kind in ("tasks", "tasks.csv"):
        message = api.refused(f"/api/jobs/{LONG}/{kind}", 400, stage="two")
        assert (message["parameter"], message["expected"]) == (
            "stage",
            "a whole number from 0 to 10000",
        )


def test_a_job_takes_no_parameters(api: Api) -> None:
    assert api.refused("/api/jobs/other", 400, page=1)["expected"] == "no parameters"


def test_a_statement_that_takes_too_long_is_told(engine: Engine, registry: Registry) -> None:
    api = Api(engine, registry, timeout=0.2)
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE app.jobs IN ACCESS EXCLUSIVE MODE"))
        assert "statement timeout" in api.refused("/api/jobs", 503)["detail"]


@pytest.mark.parametrize("job_id", ["team/2026/run", "a b", "50%", "what?", "#1", "ü/日本"])
def test_a_job_id_of_any_characters_is_found_everywhere(
    engine: Engine, registry: Registry, job_id: str
) -> None:
    with engine.begin() as connection:
        add_task(connection, add_job(connection, job_id, status="failed"), "g", "failed")
    api, place = Api(engine, registry), f"/api/jobs/{quote(job_id, safe='')}"
    assert api.json(place)["job_id"] == job_id
    assert api.json(f"{place}/tasks")["total"] == 1
    assert api.get(f"{place}/tasks.csv").status_code == 200
    for action in ("rerun", "cancel"):
        answer = api.client.post(f"/api/jobs/{action}/{quote(job_id, safe='')}", json={})
        assert (answer.status_code, "only the platform" in answer.text) == (409, True)
