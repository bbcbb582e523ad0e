"""The API's description holds: for every route, and for what the endpoints really answer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from access.clients import networks
from access.policy import Policy
from access.tokens import new_token, read_tokens
from api.openapi import document
from app import create_app
from jobs.job_rows import EXECUTOR
from jobs.source_files import SourceFile, register
from pipelines.registry import Registry
from queries.snapshots import Snapshots
from settings import Settings
from tests.door import Door
from tests.factories import CIV, RWA, add_files, add_job, add_task
from tests.serving import Api

LISTED = "etl_type=fathom&phase=phase1"
QUESTIONS = [
    ("/api/etl/stats", "etl_type=fathom", 200),
    ("/api/etl/stats", "etl_type=fathom&region=rwa&region=not set", 200),
    ("/api/etl/stats", "etl_type=fathom&region=nowhere", 200),
    ("/api/etl/stats", "etl_type=raster_v2", 503),
    ("/api/etl/stats", "etl_type=fathom&colour=red", 400),
    ("/api/etl/stats", "", 400),
    ("/api/etl/stats", "etl_type=nothing", 404),
    ("/api/etl/pipelines", "", 200),
    ("/api/etl/pipelines", "colour=red", 400),
    *[
        ("/api/etl/groups", f"{LISTED}&state={state}", 200)
        for state in ("pending", "processing", "failed", "completed")
    ],
    ("/api/etl/groups", f"{LISTED}&state=failed&region=rwa&q=a&sort=-files&size=1&page=2", 200),
    ("/api/etl/groups", LISTED, 400),
    ("/api/etl/groups", "etl_type=x", 404),
    ("/api/etl/groups", "etl_type=raster_v2&phase=phase1&state=failed", 200),
    ("/api/etl/groups.csv", f"{LISTED}&state=failed", 200),
    ("/api/etl/groups.csv", f"{LISTED}&state=lost", 400),
    ("/api/etl/groups.csv", "etl_type=x", 404),
    ("/api/jobs", "", 200),
    ("/api/jobs", "pipeline=fathom&status=failed&page=2&size=1&sort=-stage", 200),
    ("/api/jobs", "size=5000", 400),
    ("/api/jobs/{job_id}", "job_id=job-1", 200),
    ("/api/jobs/{job_id}", "job_id=job-2", 200),
    ("/api/jobs/{job_id}", "job_id=ambiguous", 400),
    ("/api/jobs/{job_id}", "job_id=nothing", 404),
    ("/api/jobs/{job_id}/tasks", "job_id=job-1", 200),
    ("/api/jobs/{job_id}/tasks", "job_id=job-1&stage=2&status=failed&q=full", 200),
    ("/api/jobs/{job_id}/tasks", "job_id=job-1&stage=x", 400),
    ("/api/jobs/{job_id}/tasks", "job_id=nothing", 404),
    ("/api/jobs/{job_id}/tasks.csv", "job_id=job-1", 200),
    ("/api/jobs/{job_id}/tasks.csv", "job_id=job-1&page=1", 400),
    ("/api/jobs/{job_id}/tasks.csv", "job_id=nothing", 404),
    ("/api/openapi.json", "", 200),
    ("/api/openapi.json", "colour=red", 400),
]
SUBMIT, RERUN = "/api/jobs/submit/{job_type}", "/api/jobs/rerun/{job_id}"
CANCEL, FILES = "/api/jobs/cancel/{job_id}", "/api/etl/files"
ELSEWHERE = {"pipeline": "fathom", "container": "other", "files": [{"path": "known.tif"}]}
SUBMISSIONS: list[tuple[str, str, dict[str, Any], int]] = [
    (SUBMIT, "process_fathom_stack", {"json": {"region_code": "rwa"}}, 200),
    (SUBMIT, "process_fathom_stack", {"json": {}}, 400),
    (SUBMIT, "drop_tables", {"json": {}}, 404),
    (SUBMIT, "process_fathom_stack", {"data": "x"}, 415),
    (RERUN, "job-3", {"json": {}}, 200),
    (RERUN, "nothing", {"json": {}}, 404),
    (RERUN, "job-1", {"json": {}}, 409),
    (RERUN, "job-3", {"data": "x"}, 415),
    (CANCEL, "job-4", {"json": {}}, 200),
    (FILES, "", {"json": {"pipeline": "fathom", "container": "c", "files": []}}, 200),
    (FILES, "", {"json": {}}, 400),
    (FILES, "", {"json": ELSEWHERE}, 409),
    (FILES, "", {"data": b" " * 16_000_001, "content_type": "application/json"}, 413),
    (FILES, "", {"data": "x"}, 415),
    (CANCEL, "nothing", {"json": {}}, 404),
    (CANCEL, "job-2", {"json": {}}, 409),
    (CANCEL, "job-3", {"data": "x"}, 415),
]
OURS = text(
    "UPDATE app.jobs SET metadata = jsonb_build_object('executor', CAST(:executor AS text)) "
    "WHERE job_id IN ('job-3', 'job-4')"
)
# What only the platform answers, or a database that is away.
OF_OTHERS = {"401", "403", "429", "502", "503", (SUBMIT, "409"), (RERUN, "400"), (CANCEL, "400")}


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    """The API over files, jobs and tasks of many kinds; RASTER's numbers were never read."""
    with engine.begin() as connection:
        job = add_job(connection, "job-1", parameters={"region_code": "rwa"})
        add_job(connection, "job-2", job_type="load_vector", status="failed")
        add_job(connection, "job-3", status="failed")
        add_job(connection, "job-4", status="queued")
        add_job(connection, "ambiguous1")
        add_job(connection, "ambiguous2")
        add_files(connection, 8, metadata=RWA, group="a")
        add_files(connection, 4, metadata=CIV, group="a", size=None)
        add_files(connection, 3, metadata=None)
        add_files(connection, 4, metadata=RWA, group="b")
        add_files(connection, 4, metadata=RWA, group="c", group2="C", phase1="20 minutes")
        add_task(connection, job, "a", "failed", seconds=2, error="disk full")
        add_task(connection, job, "b", "processing", metadata={"peak_memory_mb": 7.5})
        add_task(connection, job, "c", "completed", seconds=9, worker="node-7")
        connection.execute(text("UPDATE app.jobs SET result_data = '[1]' WHERE job_id = 'job-2'"))
        connection.execute(OURS, {"executor": EXECUTOR})
        register(connection, registry["fathom"], "bronze", [SourceFile("known.tif", 1)])
    api = Api(engine, registry)
    api.renew()
    return api


@pytest.fixture
def described(registry: Registry) -> dict[str, Any]:
    """The document."""
    return document(registry)


def test_the_document_is_valid_and_is_what_is_served(api: Api, described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()
    assert api.json("/api/openapi.json") == described


def test_every_schema_is_used_and_valid(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    used = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert used == set(schemas)


def test_the_description_knows_every_route_and_no_other(
    registry: Registry, described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Snapshots, "start", lambda _: None)
    url = "postgresql://localhost/nothing"
    app = create_app(Settings(database_url=url, runner="on"), registry, url)
    documented = {(path, method) for path, entry in described["paths"].items() for method in entry}
    assert documented == set(routes(app.server))


def routes(server: Flask) -> list[tuple[str, str]]:
    """Every path and method below /api/ that is no page."""
    return [
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in server.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/interface")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


@pytest.mark.parametrize(("path", "query", "status"), QUESTIONS)
def test_answers_are_as_described(
    api: Api, described: dict[str, Any], path: str, query: str, status: int
) -> None:
    address = path
    if "{" in path:
        first, _, query = query.partition("&")
        address = path.format(job_id=first.partition("=")[2])
    answer = api.client.get(f"{address}?{query}")
    assert answer.status_code == status
    assert mistakes(described, path, "get", answer) == []


@pytest.mark.parametrize(("path", "name", "body", "status"), SUBMISSIONS)
def test_submissions_are_answered_as_described(
    api: Api, described: dict[str, Any], path: str, name: str, body: dict[str, Any], status: int
) -> None:
    answer = api.client.post(path.format(job_type=name, job_id=name), **body)
    assert answer.status_code == status
    assert mistakes(described, path, "post", answer) == []


def test_every_described_answer_was_asked_for(described: dict[str, Any]) -> None:
    asked = {(path, str(status)) for path, _, status in QUESTIONS}
    asked |= {(path, str(status)) for path, _, _, status in SUBMISSIONS}
    documented = {
        (path, status)
        for path, entry in described["paths"].items()
        for operation in entry.values()
        for status in operation["responses"]
        if status not in OF_OTHERS
    }
    assert documented - asked - OF_OTHERS == set()


def test_a_database_that_is_away_is_answered_as_described(
    api: Api, described: dict[str, Any], door: Door
) -> None:
    door.close()
    for path, query in (
        ("/api/jobs", ""),
        ("/api/jobs/{job_id}", ""),
        ("/api/jobs/{job_id}/tasks", ""),
        ("/api/jobs/{job_id}/tasks.csv", ""),
        ("/api/etl/groups", f"{LISTED}&state=failed"),
        ("/api/etl/groups.csv", f"{LISTED}&state=failed"),
    ):
        answer = api.client.get(f"{path.format(job_id='job-1')}?{query}")
        assert answer.status_code == 503
        assert mistakes(described, path, "get", answer) == []
    submitted = api.client.post("/api/jobs/submit/process_fathom_stack", json={"region_code": "x"})
    assert submitted.status_code == 503
    assert mistakes(described, SUBMIT, "post", submitted) == []


def test_a_parameter_that_is_described_is_taken_and_the_reverse(
    api: Api, described: dict[str, Any]
) -> None:
    for path in ("/api/jobs", "/api/jobs/{job_id}/tasks", "/api/jobs/{job_id}/tasks.csv"):
        parameters = described["paths"][path]["get"]["parameters"]
        names = [one["name"] for one in parameters if one["in"] == "query"]
        problem = api.refused(path.format(job_id="job-1"), 400, colour="red")
        assert problem["expected"] == "one of: " + ", ".join(names)


def mistakes(described: dict[str, Any], path: str, method: str, answer: TestResponse) -> list[str]:
    """What is not in an answer as the document has it."""
    responses = described["paths"][path][method]["responses"]
    content = responses[str(answer.status_code)]["content"][answer.mimetype]
    schema = {**content["schema"], "components": described["components"]}
    body = answer.text if answer.mimetype == "text/csv" else answer.get_json()
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]


def test_who_may_not_is_answered_as_described(
    engine: Engine, registry: Registry, described: dict[str, Any]
) -> None:
    tokens = read_tokens(new_token("nightly", "submit")[1])
    policy = Policy(user_header="X-User", proxies=networks("10.0.0.2"), tokens=tokens)
    client = Api(engine, registry, policy=policy).client
    wrong = {"Authorization": "Bearer pm_wrong"}
    answers = [client.get("/api/jobs", headers=wrong) for _ in range(11)]
    foreign = {"Origin": "https://evil.example"}
    refused = client.post("/api/etl/files", json={}, headers=foreign)
    assert [answer.status_code for answer in (*answers, refused)] == [401] * 10 + [429, 403]
    assert mistakes(described, "/api/jobs", "get", answers[0]) == []
    assert mistakes(described, "/api/jobs", "get", answers[10]) == []
    assert mistakes(described, "/api/etl/files", "post", refused) == []


def test_a_question_says_what_it_needs(registry: Registry) -> None:
    paths = document(registry)["paths"]
    needed = {
        path: {one["name"] for one in operation["parameters"] if one["required"]}
        for path, operations in paths.items()
        for operation in operations.values()
    }
    # The pipeline is named by `etl_type` or by `pipeline`, which no schema can say.
    groups = {"phase", "state"}
    assert {path: names for path, names in needed.items() if "{" not in path and names} == {
        "/api/etl/groups": groups,
        "/api/etl/groups.csv": groups,
    }
    in_path = [path for path in needed if "{" in path]
    assert {path: needed[path] for path in in_path} == {
        path: set(re.findall(r"{(\w+)}", path)) for path in in_path
    }


def test_a_submission_says_what_its_body_is(registry: Registry) -> None:
    paths = document(registry)["paths"]
    bodies = {path: paths[path]["post"]["requestBody"] for path in (SUBMIT, RERUN, CANCEL)}
    schemas = {path: body["content"]["application/json"]["schema"] for path, body in bodies.items()}
    assert {body["required"] for body in bodies.values()} == {True}
    assert {schema["type"] for schema in schemas.values()} == {"object"}
    assert schemas[RERUN]["properties"] == {"from_start": {"type": "boolean", "default": False}}


def test_a_body_is_described_as_the_object_that_it_is(registry: Registry) -> None:
    operation = document(registry)["paths"]["/api/etl/files"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["type"] == "object"
    assert schema["required"] == ["container", "files"]


def test_a_list_begins_with_its_first_page(registry: Registry) -> None:
    schemas = document(registry)["components"]["schemas"]
    pages = [one["properties"]["page"] for one in schemas.values() if "page" in one["properties"]]
    assert [page["minimum"] for page in pages] == [1] * len(pages)
    assert pages
