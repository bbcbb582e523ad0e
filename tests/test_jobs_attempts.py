"""Running a job from the start: a new attempt, and the ones before it as they were."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Engine, text

from jobs.attempts import make_job_id, newest_attempt
from jobs.rerun import NoSuchJob, RerunError
from jobs.runner_queue import RunnerQueue
from jobs.storage import Storage
from jobs.submission import Submission, Submitter
from pipelines.registry import Registry
from tests.catalog import JOB_TYPES, STORAGE
from tests.rasters import add_tile
from tests.test_jobs_leases import execute, status
from tests.test_jobs_runner import job, row, running, wait_until_ended

INVENTORY = "inventory_fathom_container"


@pytest.fixture
def submitter(engine: Engine, registry: Registry) -> Iterator[Submitter]:
    return Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE))


def end(engine: Engine, status: str = "completed") -> None:
    execute(engine, "UPDATE app.jobs SET status = CAST(:s AS app.job_status)", s=status)


def jobs(engine: Engine) -> int:
    return int(row(engine, "SELECT count(*) AS n FROM app.jobs").n)


def test_an_inventory_from_the_start_finds_files_that_came_since(
    engine: Engine, cluster: Client, tmp_path: Path, submitter: Submitter, registry: Registry
) -> None:
    storage = Storage(str(tmp_path))
    add_tile(storage, "n00e030")
    first = submitter.submit(INVENTORY, {"base_prefix": "rwa"}).job_id
    with running(engine, cluster, storage, JOB_TYPES, registry):
        wait_until_ended(engine, first)
        before = job(engine, first), _files(engine)
        add_tile(storage, "n01e030")
        second = submitter.run_from_start(first).job_id
        wait_until_ended(engine, second)
    assert before[1] > 0
    assert _files(engine) == 2 * before[1]
    assert job(engine, first) == before[0]
    assert (status(engine, first), status(engine, second)) == ("completed", "completed")
    marks = job(engine, second).metadata
    assert (marks["attempt"], marks["previous_job_id"]) == (2, first)


def _files(engine: Engine) -> int:
    return int(row(engine, "SELECT count(*) AS n FROM app.etl_source_files").n)


@pytest.mark.parametrize("ended", ["completed", "failed", "completed_with_errors", "cancelled"])
def test_the_same_parameters_answer_with_the_newest_attempt(
    engine: Engine, submitter: Submitter, ended: str
) -> None:
    first = submitter.submit(INVENTORY, {"base_prefix": "rwa"})
    end(engine, ended)
    second = submitter.run_from_start(first.job_id)
    assert second == Submission(second.job_id, created=True, status="queued")
    again = submitter.submit(INVENTORY, {"base_prefix": "rwa"})
    assert again == Submission(second.job_id, created=False, status="queued")
    existing = submitter.preview(INVENTORY, {"base_prefix": "rwa"}).existing
    assert existing is not None
    assert existing.job_id == second.job_id
    assert job(engine, first.job_id).status == ended


def test_an_attempt_follows_the_newest_whichever_is_asked_for(
    engine: Engine, submitter: Submitter
) -> None:
    first = submitter.submit(INVENTORY, {"base_prefix": "rwa"}).job_id
    end(engine)
    second = submitter.run_from_start(first).job_id
    end(engine)
    third = submitter.run_from_start(first).job_id
    assert job(engine, third).metadata["previous_job_id"] == second
    assert job(engine, third).metadata["attempt"] == 3
    assert submitter.run_from_start(second) == Submission(third, created=False, status="queued")


def test_many_at_once_make_one_attempt(engine: Engine, submitter: Submitter) -> None:
    first = submitter.submit(INVENTORY, {"base_prefix": "rwa"}).job_id
    end(engine)
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: submitter.run_from_start(first), range(50)))
    assert len({one.job_id for one in made}) == 1
    assert [one.created for one in made].count(True) == 1
    assert jobs(engine) == 2


def test_many_attempts_are_found(engine: Engine, submitter: Submitter) -> None:
    job_id = submitter.submit(INVENTORY, {}).job_id
    for _ in range(120):
        end(engine)
        job_id = submitter.run_from_start(job_id).job_id
    parameters = job(engine, job_id).parameters
    with engine.connect() as connection:
        newest = newest_attempt(connection, INVENTORY, parameters)
    assert newest is not None
    assert (newest.number, newest.job_id) == (121, make_job_id(INVENTORY, parameters, 121))


@pytest.mark.parametrize("active", ["queued", "processing"])
def test_a_job_that_has_not_ended_is_not_run_from_the_start(
    engine: Engine, submitter: Submitter, active: str
) -> None:
    job_id = submitter.submit(INVENTORY, {}).job_id
    end(engine, active)
    with pytest.raises(
        RerunError, match=f"Job {job_id[:8]} is {active}; only a job that has ended"
    ):
        submitter.run_from_start(job_id)
    with pytest.raises(NoSuchJob):
        submitter.run_from_start("none")
    assert jobs(engine) == 1


def test_a_job_of_the_platform_is_not_run_from_the_start(
    engine: Engine, submitter: Submitter
) -> None:
    job_id = submitter.submit(INVENTORY, {}).job_id
    end(engine)
    execute(engine, "UPDATE app.jobs SET metadata = NULL")
    with pytest.raises(RerunError, match="only the platform"):
        submitter.run_from_start(job_id)
    assert jobs(engine) == 1


@pytest.mark.parametrize(
    ("job_type", "one", "other"),
    [
        ("process_fathom_stack", {"region_code": "rwa"}, {"region_code": " RWA "}),
        (
            "process_fathom_stack",
            {"region_code": "rwa", "flood_types": ["pluvial", "coastal"], "years": [2030, 2020]},
            {
                "region_code": "Rwa",
                "flood_types": ["coastal", "pluvial"],
                "years": ["2020", 2030.0],
            },
        ),
        (
            "process_fathom_stack",
            {"region_code": "rwa", "output_prefix": "fathom-stacked"},
            {"region_code": "rwa", "output_prefix": "fathom-stacked/ ", "flood_types": []},
        ),
        ("process_fathom_merge", {"region_code": "rwa"}, {"region_code": "rWa", "grid_size": "4"}),
        (INVENTORY, {"base_prefix": "rwa"}, {"base_prefix": "rwa/"}),
    ],
)
def test_two_spellings_of_one_request_are_one_job(
    engine: Engine, submitter: Submitter, job_type: str, one: Any, other: Any
) -> None:
    first, second = submitter.submit(job_type, one), submitter.submit(job_type, other)
    assert (first.job_id, second.created) == (second.job_id, False)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT parameters FROM app.jobs")).scalar_one()
    assert stored.get("region_code", "rwa") == "rwa"
