"""Time limits: of a task, of a stage's statement, of a job."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client
from sqlalchemy import Connection, Engine, text

from jobs.limits import with_limits
from jobs.stages import Job, JobType, Parameters, Result, Stage
from jobs.storage import Storage
from pipelines.registry import Registry
from tests.catalog import JOB_TYPES as CATALOG
from tests.test_jobs_leases import execute, idle, status
from tests.test_jobs_runner import add_job, job, row, running, wait_for, wait_until_ended
from tests.toy_jobs import JOB_TYPES, count_up


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def read_number(parameters: Parameters, storage: Storage) -> Result:
    """Reads a task's file."""
    return {"words": (Path(storage.place("in")) / str(parameters["number"])).read_text()}


def limited(seconds: float) -> JobType:
    stage = Stage("read", "toy_read", plan=count_up, work=read_number, time_limit=seconds)
    return JobType("toy", (stage,))


def test_a_task_that_hangs_fails_at_its_time_limit_and_the_others_are_done(
    engine: Engine, cluster: Client, storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(40):
        (tmp_path / "in" / str(number)).write_text("here")
    for hanging in (20, 33):
        (tmp_path / "in" / str(hanging)).unlink()
        os.mkfifo(tmp_path / "in" / str(hanging))
    add_job(engine, "fifo", tasks=40)
    with running(engine, cluster, storage, {"toy": limited(1.5)}):
        wait_until_ended(engine, "fifo")
        wait_for(lambda: idle(cluster), 20)
    ended = job(engine, "fifo")
    assert (ended.status, ended.error_details[:14]) == ("completed_with_errors", "2 tasks failed")
    assert ended.stage_results["1"] == {"tasks": 40, "completed": 38, "failed": 2}
    reasons = [group["error"] for group in ended.result_data["failed_groups"]]
    assert reasons == ["It took longer than 1.5 seconds, the time limit of toy_read"] * 2
    wait_for(lambda: len(cluster.nthreads()) == 2, 20)


def test_a_job_that_takes_too_long_fails_and_stops_its_tasks(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "slow", tasks=4, seconds=100)
    with running(engine, cluster, storage, {"toy": replace(JOB_TYPES["toy"], time_limit=2)}):
        wait_until_ended(engine, "slow")
        wait_for(lambda: idle(cluster), 20)
    ended = job(engine, "slow")
    reason = "The job took longer than 2 seconds, its time limit"
    assert (ended.status, ended.error_details) == ("failed", reason)
    # Both were restarted at once, in the middle of what they did.
    wait_for(lambda: len(cluster.nthreads()) == 2, 20)


def test_the_registry_limits_tasks_and_jobs(registry: Registry) -> None:
    fathom = registry["fathom"]
    phase = fathom.phases[0].model_copy(update={"time_limit": 7.0})
    action = fathom.submit_actions[1].model_copy(update={"time_limit": 70.0})
    update = {"phases": (phase, *fathom.phases[1:]), "submit_actions": (action,)}
    limited = with_limits(CATALOG, Registry({"fathom": fathom.model_copy(update=update)}))
    stack = limited["process_fathom_stack"]
    assert [stage.time_limit for stage in stack.stages] == [21600.0, 7.0, 21600.0]
    assert (stack.time_limit, limited["process_fathom_merge"].time_limit) == (70.0, None)


def sleep(connection: Connection, _job: Job) -> Result:
    """A statement that takes a minute."""
    connection.execute(text("SELECT pg_sleep(60)"))
    return {}


def sleepy(seconds: float) -> dict[str, JobType]:
    return {"toy": JobType("toy", (Stage("sleep", "toy_sleep", query=sleep, time_limit=seconds),))}


def test_a_statement_that_takes_too_long_fails_its_task(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "slow")
    with running(engine, cluster, storage, sleepy(0.5)):
        wait_until_ended(engine, "slow")
    assert status(engine, "slow") == "failed"
    assert "the time limit is 0.5 seconds" in job(engine, "slow").error_details


def test_a_statement_ends_with_its_job(engine: Engine, cluster: Client, storage: Storage) -> None:
    add_job(engine, "slow")
    with running(engine, cluster, storage, sleepy(100)):
        wait_for(lambda: _sleeping(engine))
        execute(engine, "UPDATE app.jobs SET status = 'failed'")
        wait_for(lambda: not _sleeping(engine), 10)
    assert status(engine, "slow") == "failed"


def _sleeping(engine: Engine) -> bool:
    query = "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
    return bool(row(engine, query + " AND state = 'active'").n)
