"""Submitting: once each, to the database or to a platform that really answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.engine import open_engine
from jobs.stages import JobType, Stage, one_task
from jobs.submission import (
    NoDestination,
    Platform,
    RunnerQueue,
    SubmissionError,
    Submitter,
    make_job_id,
)
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry

JOB_TYPE = JobType("process_fathom_stack", (Stage("a", "b", one_task),) * 3)
JOB_TYPES = {JOB_TYPE.name: JOB_TYPE}


@pytest.fixture
def submitter(engine: Engine, registry: Registry) -> Submitter:
    return Submitter(registry, RunnerQueue(engine, JOB_TYPES))


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM app.jobs")).all())


def test_the_job_id_is_the_platforms_hash() -> None:
    identity = '{"a": 1, "b": [2], "job_type": "t"}'
    assert make_job_id("t", {"b": [2], "a": 1}) == sha256(identity.encode()).hexdigest()


def test_a_submitted_job_is_a_queued_row_marked_for_the_runner(
    engine: Engine, submitter: Submitter
) -> None:
    submission = submitter.submit("process_fathom_stack", {"region_code": "rwa"})
    (job,) = rows(engine)
    assert (job.job_id, job.status, job.total_stages) == (submission.job_id, "queued", 3)
    assert job.metadata["executor"] == "pipeline-monitor"
    assert job.parameters["output_container"] == "silver-fathom"


def test_many_people_at_once_make_one_job(engine: Engine, submitter: Submitter) -> None:
    with ThreadPoolExecutor(6) as people:
        submissions = list(
            people.map(
                lambda _: submitter.submit("process_fathom_stack", {"region_code": "rwa"}),
                range(12),
            )
        )
    assert [submission.created for submission in submissions].count(True) == 1
    assert len(rows(engine)) == 1


def test_bad_parameters_change_nothing(engine: Engine, submitter: Submitter) -> None:
    with pytest.raises(ParameterErrors):
        submitter.submit("process_fathom_stack", {"region_code": "", "years": [1]})
    assert rows(engine) == []


def test_a_job_type_that_the_runner_does_not_know_is_refused(submitter: Submitter) -> None:
    with pytest.raises(SubmissionError, match="does not know job type 'process_raster_v2'"):
        submitter.submit("process_raster_v2", {})


def test_a_job_type_of_no_pipeline_is_refused(submitter: Submitter) -> None:
    with pytest.raises(SubmissionError, match="'drop_everything'"):
        submitter.submit("drop_everything", {})


def test_a_database_that_is_away_is_told(registry: Registry) -> None:
    engine = open_engine("postgresql://localhost:1/nothing")
    submitter = Submitter(registry, RunnerQueue(engine, JOB_TYPES))
    with pytest.raises(SubmissionError, match="The job was not submitted"):
        submitter.submit("process_fathom_stack", {"region_code": "rwa"})


def test_without_runner_and_platform_the_reason_is_told(registry: Registry) -> None:
    submitter = Submitter(registry, NoDestination())
    assert "PLATFORM_URL" in (submitter.unavailable("process_fathom_stack") or "")
    with pytest.raises(SubmissionError, match="RUNNER=on"):
        submitter.submit("process_fathom_stack", {"region_code": "rwa"})


Answer = Callable[[str, Any], tuple[int, bytes]]


@pytest.fixture
def platform(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of an HTTP server that answers submissions as `request.param` says."""
    answer: Answer = request.param

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def accepts(path: str, body: Any) -> tuple[int, bytes]:
    name = f"{path}?{body['region_code']}&{body['output_container']}"
    return 200, json.dumps({"job_id": name, "status": "queued"}).encode()


def refuses(path: str, body: Any) -> tuple[int, bytes]:
    return 400, json.dumps({"error": "bad", "message": "region 'rwa' is being archived"}).encode()


def babbles(path: str, body: Any) -> tuple[int, bytes]:
    return 502, b"<html>Bad Gateway</html>"


@pytest.mark.parametrize("platform", [accepts], indirect=True)
def test_the_platform_gets_the_parameters(registry: Registry, platform: str) -> None:
    submitter = Submitter(registry, Platform(platform))
    submission = submitter.submit("process_fathom_stack", {"region_code": "rwa"})
    assert submission.job_id == "/api/jobs/submit/process_fathom_stack?rwa&silver-fathom"


@pytest.mark.parametrize(
    ("platform", "words"),
    [(refuses, "400.*region 'rwa' is being archived"), (babbles, "502.*Bad Gateway")],
    indirect=["platform"],
)
def test_the_platforms_refusal_is_told_in_its_words(
    registry: Registry, platform: str, words: str
) -> None:
    with pytest.raises(SubmissionError, match=words):
        Submitter(registry, Platform(platform)).submit(
            "process_fathom_stack", {"region_code": "rwa"}
        )


def test_a_platform_that_does_not_answer_is_told(registry: Registry) -> None:
    with pytest.raises(SubmissionError, match="did not answer.*Submitting again is safe"):
        Submitter(registry, Platform("http://127.0.0.1:1")).submit(
            "process_fathom_stack", {"region_code": "rwa"}
        )
