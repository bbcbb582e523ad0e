"""Submitting to a platform that really answers, or does not."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.engine import open_engine
from jobs.attempts import make_job_id
from jobs.platform import Platform, Refused
from jobs.rerun import NoSuchJob, RerunError
from jobs.submission import SubmissionError, Submitter
from pipelines.registry import Registry
from tests.factories import add_job
from tests.platform import Reply, accepts, breaks, listening, refuses
from tests.rasters import parameters_of

STACK, RWA = "process_fathom_stack", {"region_code": "rwa"}
RWA_ID = make_job_id(STACK, parameters_of(STACK, **RWA))


def submitter_to(url: str, engine: Engine, registry: Registry, patience: float = 5) -> Submitter:
    return Submitter(registry, Platform(url, engine, (1.0, patience)))


def knows(_path: str, _body: Any) -> tuple[int, bytes]:
    """The platform's answer for the job of RWA, new or not."""
    return 200, json.dumps({"job_id": RWA_ID, "status": "queued"}).encode()


def test_the_platform_gets_the_parameters(engine: Engine, registry: Registry) -> None:
    with listening(accepts) as url:
        submission = submitter_to(url, engine, registry).submit(STACK, RWA)
    assert submission.job_id == "/api/jobs/submit/process_fathom_stack?rwa&silver-fathom"
    assert submission.created


def test_a_job_that_the_platform_has_already_is_not_said_to_be_new(
    platform: Engine, registry: Registry
) -> None:
    with listening(knows) as url:
        submitter = submitter_to(url, platform, registry)
        assert submitter.submit(STACK, RWA).created
        with platform.begin() as connection:
            add_job(connection, RWA_ID, status="queued")
        assert not submitter.submit(STACK, RWA).created


def test_a_job_is_submitted_although_the_tables_can_not_be_read(registry: Registry) -> None:
    away = open_engine("postgresql://localhost:1/nothing")
    with listening(accepts) as url:
        assert submitter_to(url, away, registry).submit(STACK, RWA).status == "queued"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refuses, r"refused the job \(400\): region 'rwa' is being archived$"),
        (breaks, r"refused the job \(500\): Internal Server Error$"),
        (lambda *_: (301, b"https://other/"), r"\(301\): it sends on to https://other/"),
        (lambda *_: (200, b"[]"), "answer has no job_id"),
    ],
)
def test_what_the_platform_refuses_is_told_in_its_words(
    engine: Engine, registry: Registry, answer: Reply, words: str
) -> None:
    with listening(answer) as url, pytest.raises(SubmissionError, match=words):
        submitter_to(url, engine, registry).submit(STACK, RWA)


def test_a_platform_that_does_not_answer_is_told(engine: Engine, registry: Registry) -> None:
    message = r"^The platform did not answer \(ConnectionError\). Submitting again is safe"
    with pytest.raises(SubmissionError, match=message):
        submitter_to("http://127.0.0.1:1", engine, registry).submit(STACK, RWA)


def test_a_platform_that_takes_too_long_is_not_waited_for(
    engine: Engine, registry: Registry
) -> None:
    enough = threading.Event()

    def waits(path: str, body: Any) -> tuple[int, bytes]:
        enough.wait(90)
        return accepts(path, body)

    with listening(waits) as url:
        with pytest.raises(SubmissionError, match="did not answer within 0.3 seconds"):
            submitter_to(url, engine, registry, 0.3).submit(STACK, RWA)
        enough.set()


def test_what_the_platform_will_do_is_not_known_here(engine: Engine, registry: Registry) -> None:
    preview = submitter_to("http://127.0.0.1:1", engine, registry).preview(STACK, RWA)
    assert (preview.scope.groups, preview.scope.files, preview.existing) == (None, None, None)
    assert "not known here" in preview.scope.note


@pytest.mark.parametrize(("status", "again"), [("failed", True), ("completed", False)])
def test_a_job_of_the_platform_that_exists_is_found(
    platform: Engine, registry: Registry, status: str, again: bool
) -> None:
    with platform.begin() as connection:
        add_job(connection, RWA_ID, status=status)
    existing = submitter_to("http://127.0.0.1:1", platform, registry).preview(STACK, RWA).existing
    assert existing is not None
    assert (existing.job_id, existing.status, existing.again) == (RWA_ID, status, again)


def test_a_failed_job_is_posted_again_with_its_own_parameters(
    platform: Engine, registry: Registry
) -> None:
    parameters = parameters_of(STACK, region_code="civ")
    with platform.begin() as connection:
        add_job(connection, "failed-job", status="failed", parameters=parameters)
    with listening(accepts) as url:
        rerun = submitter_to(url, platform, registry).rerun("failed-job")
    assert rerun.job_id == "/api/jobs/submit/process_fathom_stack?civ&silver-fathom"
    assert rerun.tasks is None
    query = text("SELECT status::text FROM app.jobs")
    with platform.connect() as connection:
        assert connection.execute(query).scalars().all() == ["failed"]


def test_what_the_platform_does_not_run_again_is_told(platform: Engine, registry: Registry) -> None:
    with platform.begin() as connection:
        add_job(connection, "failed-job", status="failed")
        add_job(connection, "running-job", status="processing")
    with listening(refuses) as url:
        submitter = submitter_to(url, platform, registry)
        with pytest.raises(Refused, match="is being archived"):
            submitter.rerun("failed-job")
        with pytest.raises(RerunError, match="is processing"):
            submitter.rerun("running-job")
        with pytest.raises(NoSuchJob):
            submitter.rerun("x")
