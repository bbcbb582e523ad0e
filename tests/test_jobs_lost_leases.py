"""A claim that is lost while a stage is in the database: nothing that the stage wrote stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Connection, Engine, text

from jobs.stages import Job, JobType, Parameters, Result, Stage
from jobs.storage import Storage
from tests.test_jobs_runner import add_job, job, running, wait_for
from tests.toy_jobs import note

PLANNED = {"group": {"output_name": "group-0"}, "number": 7}
REFUSED = "no longer this runner's"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the runner's log says."""
    caplog.set_level("INFO", "jobs")
    return caplog


def execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def taken_over(engine: Engine) -> None:
    """Another runner has the job from now on."""
    another = """metadata || '{"lease_token": "another"}'"""
    execute(engine, f"UPDATE app.jobs SET metadata = {another}")


def tasks(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT CAST(status AS text), parameters FROM app.tasks"))
        return [tuple(row) for row in rows]


def plan_of(engine: Engine) -> Stage:
    """A stage whose job is lost while its plan is made."""

    def plan(_connection: Connection, _job: Job) -> Iterator[Parameters]:
        yield PLANNED
        taken_over(engine)

    return Stage("note", "toy_note", plan=plan, work=note)


def test_a_plan_of_a_lost_job_leaves_no_task(
    engine: Engine, cluster: Client, storage: Storage, log: pytest.LogCaptureFixture
) -> None:
    add_job(engine, "lost")
    kinds = {"toy": JobType("toy", (plan_of(engine),))}
    # So seldom a heartbeat that the stage's own write has to notice.
    with running(engine, cluster, storage, kinds, heartbeat_seconds=60):
        wait_for(lambda: REFUSED in log.text or tasks(engine))
    assert tasks(engine) == []
    assert "planned_stage" not in job(engine, "lost").metadata


def test_a_plan_that_a_lost_job_makes_again_changes_no_task(
    engine: Engine, cluster: Client, storage: Storage, log: pytest.LogCaptureFixture
) -> None:
    add_job(engine, "lost")
    before = {**PLANNED, "number": 0}
    marks = """metadata || '{"planned_stage": 1, "refresh_stage": 1}'"""
    execute(engine, f"UPDATE app.jobs SET metadata = {marks}")
    execute(engine, TASK)
    kinds = {"toy": JobType("toy", (plan_of(engine),))}
    with running(engine, cluster, storage, kinds, heartbeat_seconds=60):
        wait_for(lambda: REFUSED in log.text)
    assert tasks(engine) == [("pending", before)]
    assert job(engine, "lost").metadata["refresh_stage"] == 1


TASK = """
    INSERT INTO app.tasks
        (task_id, parent_job_id, job_type, task_type, stage, task_index, parameters, status)
    VALUES ('lost-s1-0', 'lost', 'toy', 'toy_note', 1, '0',
            '{"group": {"output_name": "group-0"}, "number": 0}', 'pending')
"""


def test_a_statement_of_a_lost_job_ends_no_task(
    engine: Engine, cluster: Client, storage: Storage, log: pytest.LogCaptureFixture
) -> None:
    def query(_connection: Connection, _job: Job) -> Result:
        taken_over(engine)
        return {"written": True}

    add_job(engine, "lost")
    kinds = {"toy": JobType("toy", (Stage("count", "toy_count", query=query),))}
    with running(engine, cluster, storage, kinds, heartbeat_seconds=60):
        wait_for(lambda: REFUSED in log.text)
    assert [status for status, _ in tasks(engine)] == ["queued"]
