"""Jobs submitted by programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from access import guard
from access.audit import Audit
from api.submissions import submissions
from jobs.actions import Actions
from jobs.platform import Platform
from jobs.runner_queue import RunnerQueue
from jobs.submission import NoDestination
from pipelines.registry import Registry
from tests.catalog import JOB_TYPES, STORAGE
from tests.dashboards import LOCAL
from tests.platform import breaks, listening, refuses

STACK = "/api/jobs/submit/process_fathom_stack"
RERUN, CANCEL = "/api/jobs/rerun", "/api/jobs/cancel"


@pytest.fixture
def client(engine: Engine, registry: Registry) -> FlaskClient:
    """The endpoint over an empty database."""
    return serve(
        registry,
        Actions(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE), Audit(engine)),
    )


def serve(registry: Registry, actions: Actions) -> FlaskClient:
    server = Flask(__name__)
    guard.register(server, LOCAL)
    server.register_blueprint(submissions(registry, actions))
    return server.test_client()


def jobs(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [*connection.execute(text("SELECT job_id, parameters FROM app.jobs"))]


def test_a_job_is_submitted_once(client: FlaskClient, engine: Engine) -> None:
    first = client.post(STACK, json={"region_code": "rwa"})
    again = client.post(STACK, json={"region_code": "rwa"})
    ((job_id, parameters),) = jobs(engine)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == {"job_id": job_id, "status": "queued", "created": True}
    assert again.json == {"job_id": job_id, "status": "queued", "created": False}
    assert parameters["collection_id"] == "fathom-flood-stacked"


def test_wrong_parameters_are_told_by_name_and_submit_nothing(
    client: FlaskClient, engine: Engine
) -> None:
    answer = client.post(STACK, json={"dry_run": "perhaps", "tile": 3})
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    message = answer.get_json()
    assert set(message["parameters"]) == {"region_code", "dry_run", "tile"}
    assert message["error"] == "invalid_parameters"
    assert message["message"] == message["detail"]
    assert "region_code: is required" in message["message"]
    assert jobs(engine) == []


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '"rwa"'])
def test_a_body_that_is_no_object_is_refused(client: FlaskClient, body: str) -> None:
    answer = client.post(STACK, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "JSON object" in answer.get_json()["detail"]


def test_a_form_of_another_site_can_not_submit(client: FlaskClient, engine: Engine) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post(STACK, data='{"region_code": "rwa"}', content_type=content_type)
        assert answer.status_code == 415
    assert jobs(engine) == []


def test_an_unknown_job_type_is_not_found(client: FlaskClient) -> None:
    answer = client.post("/api/jobs/submit/drop_tables", json={})
    assert answer.status_code == 404
    assert "drop_tables" in answer.get_json()["detail"]


def test_where_nobody_runs_jobs_the_answer_says_so(engine: Engine, registry: Registry) -> None:
    answer = serve(registry, Actions(registry, NoDestination(), Audit(engine))).post(
        STACK, json={"region_code": "rwa"}
    )
    assert answer.status_code == 503
    assert "PLATFORM_URL" in answer.get_json()["detail"]


def end(engine: Engine, status: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET status = :status"), {"status": status})


def test_a_failed_job_is_run_again_once(client: FlaskClient, engine: Engine) -> None:
    job_id = client.post(STACK, json={"region_code": "rwa"}).get_json()["job_id"]
    end(engine, "failed")
    first = client.post(f"{RERUN}/{job_id}", json={})
    again = client.post(f"{RERUN}/{job_id}", json={})
    assert (first.status_code, first.json) == (200, {"job_id": job_id, "status": "queued"})
    assert (again.status_code, again.mimetype) == (409, "application/problem+json")
    assert "is queued; only a job that is failed" in again.get_json()["detail"]


def test_a_job_is_cancelled_and_cancelled_again_is_the_same(
    client: FlaskClient, engine: Engine
) -> None:
    job_id = client.post(STACK, json={"region_code": "rwa"}).get_json()["job_id"]
    answers = [client.post(f"{CANCEL}/{job_id}", json={}) for _ in range(2)]
    expected = (200, {"job_id": job_id, "status": "cancelled"})
    assert [(answer.status_code, answer.json) for answer in answers] == [expected] * 2
    assert client.post(f"{RERUN}/{job_id}", json={}).status_code == 200


def test_what_can_not_be_cancelled_is_told(client: FlaskClient, engine: Engine) -> None:
    job_id = client.post(STACK, json={"region_code": "rwa"}).get_json()["job_id"]
    assert client.post(f"{CANCEL}/{job_id}", data="{}").status_code == 415
    end(engine, "completed")
    ended = client.post(f"{CANCEL}/{job_id}", json={})
    assert (ended.status_code, ended.mimetype) == (409, "application/problem+json")
    assert "is completed; only a job that waits" in ended.get_json()["detail"]
    assert client.post(f"{CANCEL}/none", json={}).status_code == 404


def test_a_job_of_the_platform_is_not_run_again(client: FlaskClient, engine: Engine) -> None:
    job_id = client.post(STACK, json={"region_code": "rwa"}).get_json()["job_id"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET status = 'failed', metadata = NULL"))
    answer = client.post(f"{RERUN}/{job_id}", json={})
    assert answer.status_code == 409
    assert "only the platform" in answer.get_json()["detail"]


def test_a_job_that_is_not_there_can_not_be_run_again(client: FlaskClient) -> None:
    answer = client.post(f"{RERUN}/%3Cb%3E", json={})
    assert (answer.status_code, answer.get_json()["detail"]) == (404, "There is no job '<b>'")


def test_a_form_of_another_site_can_not_run_a_job_again(
    client: FlaskClient, engine: Engine
) -> None:
    job_id = client.post(STACK, json={"region_code": "rwa"}).get_json()["job_id"]
    end(engine, "failed")
    assert client.post(f"{RERUN}/{job_id}", data="{}").status_code == 415
    assert client.post(f"{RERUN}/{job_id}", json={}).status_code == 200


@pytest.mark.parametrize(
    ("platform_answer", "status", "words"),
    [(refuses, 400, "region 'rwa' is being archived"), (breaks, 502, "Internal Server Error")],
)
def test_what_the_platform_refuses_is_passed_on(
    engine: Engine, registry: Registry, platform_answer: Any, status: int, words: str
) -> None:
    with listening(platform_answer) as url:
        client = serve(registry, Actions(registry, Platform(url, engine), Audit(engine)))
        answer = client.post(STACK, json={"region_code": "rwa"})
    assert (answer.status_code, words in answer.get_json()["detail"]) == (status, True)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(400, 400), (404, 404), (409, 409), (401, 502), (422, 502), (429, 502), (503, 502)],
)
def test_a_mistake_of_the_client_is_told_from_a_platform_that_fails(
    engine: Engine, registry: Registry, theirs: int, ours: int
) -> None:
    with listening(lambda *_: (theirs, b"{}")) as url:
        client = serve(registry, Actions(registry, Platform(url, engine), Audit(engine)))
        answer = client.post(STACK, json={"region_code": "rwa"})
    assert (answer.status_code, answer.get_json()["status"]) == (ours, ours)
    assert f"refused the job ({theirs})" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "3", "null", '{"from_stat": true}', '{"from_start": 1}']
)
def test_what_is_asked_of_a_rerun_is_checked(
    client: FlaskClient, engine: Engine, body: str
) -> None:
    job_id = client.post(STACK, json={"region_code": "rwa"}).get_json()["job_id"]
    end(engine, "failed")
    answer = client.post(f"{RERUN}/{job_id}", data=body, content_type="application/json")
    assert (answer.status_code, "from_start" in answer.get_json()["detail"]) == (400, True)
    assert len(jobs(engine)) == 1
