"""Submitting: once each, to the database or to a platform that really answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.engine import open_engine
from jobs.attempts import make_job_id
from jobs.rerun import RerunError
from jobs.runner_queue import RunnerQueue
from jobs.stages import JobType, Stage, one_task
from jobs.submission import NoDestination, Submission, SubmissionError, Submitter
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry
from tests.catalog import STORAGE

JOB_TYPE = JobType("process_fathom_stack", (Stage("a", "b", one_task),) * 3)
JOB_TYPES = {JOB_TYPE.name: JOB_TYPE}


@pytest.fixture
def submitter(engine: Engine, registry: Registry) -> Submitter:
    return Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE))


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
    together = Barrier(6)

    def click(_: int) -> Submission:
        together.wait()
        return submitter.submit("process_fathom_stack", {"region_code": "rwa"})

    with ThreadPoolExecutor(6) as people:
        submissions = list(people.map(click, range(6)))
    assert [submission.created for submission in submissions].count(True) == 1
    assert len({submission.job_id for submission in submissions}) == len(rows(engine)) == 1


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
    submitter = Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE))
    with pytest.raises(SubmissionError, match="The job was not submitted"):
        submitter.submit("process_fathom_stack", {"region_code": "rwa"})


def test_without_runner_and_platform_the_reason_is_told(registry: Registry) -> None:
    submitter = Submitter(registry, NoDestination())
    assert "PLATFORM_URL" in (submitter.unavailable("process_fathom_stack") or "")
    with pytest.raises(SubmissionError, match="RUNNER=on"):
        submitter.submit("process_fathom_stack", {"region_code": "rwa"})


def test_a_database_that_is_away_is_told_in_a_preview_and_a_rerun(registry: Registry) -> None:
    engine = open_engine("postgresql://localhost:1/nothing")
    submitter = Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE))
    with pytest.raises(SubmissionError, match="What the job would do can't be said"):
        submitter.preview("process_fathom_stack", {"region_code": "rwa"})
    with pytest.raises(SubmissionError, match="The job was not run again"):
        submitter.rerun("abc")


def test_a_rerun_of_a_job_type_that_the_runner_does_not_know_is_refused(
    engine: Engine, registry: Registry
) -> None:
    job_id = Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE)).submit(
        "process_fathom_stack", {"region_code": "rwa"}
    )
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET status = 'failed'"))
    with pytest.raises(RerunError, match="does not know job type 'process_fathom_stack'"):
        Submitter(registry, RunnerQueue(engine, {}, registry, STORAGE)).rerun(job_id.job_id)
    assert rows(engine)[0].status == "failed"


def test_without_runner_and_platform_nothing_is_run_again(registry: Registry) -> None:
    with pytest.raises(SubmissionError, match="RUNNER=on"):
        Submitter(registry, NoDestination()).rerun("abc")
