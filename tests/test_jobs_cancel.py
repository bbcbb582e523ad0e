"""Cancelling jobs, on a real database and a real Dask cluster."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Engine, text

from database.schema import install_schema
from jobs.cancel import CancelError, Cancellation, cancel_job
from jobs.job_rows import EXECUTOR
from jobs.rerun import NoSuchJob, rerun_job
from jobs.storage import Storage
from pipelines.registry import Registry
from tests.test_jobs_leases import execute, idle, status
from tests.test_jobs_runner import add_job, job, row, running, wait_for, wait_until_ended


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def cancel(engine: Engine, job_id: str) -> Cancellation:
    with engine.begin() as connection:
        return cancel_job(connection, job_id)


def rerun(engine: Engine, job_id: str) -> None:
    with engine.begin() as connection:
        rerun_job(connection, job_id)


def tasks(engine: Engine, job_id: str) -> dict[str, int]:
    query = "SELECT status::text, count(*) FROM app.tasks WHERE parent_job_id = :id GROUP BY 1"
    with engine.connect() as connection:
        return dict(tuple(found) for found in connection.execute(text(query), {"id": job_id}))


def test_a_job_at_work_is_cancelled_and_the_rest_is_done_when_it_is_run_again(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "stopped", tasks=30, held_from=10)
    with running(engine, cluster, storage):
        wait_for(lambda: tasks(engine, "stopped").get("processing", 0) == 2)
        cancelled = cancel(engine, "stopped")
        done, left = cancelled.done, 31 - cancelled.done
        assert cancelled == Cancellation("stopped", "cancelled", done, 31)
        assert 1 <= done <= 11
        assert tasks(engine, "stopped") == {"completed": done, "cancelled": left}
        Path(storage.place("released")).touch()
        wait_for(lambda: idle(cluster), 20)
        assert tasks(engine, "stopped") == {"completed": done, "cancelled": left}
        message = job(engine, "stopped").error_details
        assert message.startswith(f"The job was cancelled when {done} of 31 tasks were done")
        rerun(engine, "stopped")
        wait_until_ended(engine, "stopped")
    assert (status(engine, "stopped"), job(engine, "stopped").error_details) == ("completed", None)
    assert job(engine, "stopped").stage_results["2"] == {"tasks": 30, "completed": 30, "failed": 0}
    assert "cancelled_at" not in job(engine, "stopped").metadata


def test_a_job_that_waits_is_cancelled_and_never_begun(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "waits", tasks=3)
    assert cancel(engine, "waits") == Cancellation("waits", "cancelled", 0, 0)
    add_job(engine, "other", tasks=3)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "other")
    assert tasks(engine, "waits") == {}
    assert status(engine, "waits") == "cancelled"


@pytest.mark.parametrize("timestamp", range(6))
def test_a_job_that_is_cancelled_at_any_moment_is_finished_by_another_run(
    engine: Engine, cluster: Client, storage: Storage, timestamp: int
) -> None:
    add_job(engine, "any", tasks=60, seconds=0.1)
    with running(engine, cluster, storage):
        wait_for(lambda: tasks(engine, "any").get("completed", 0) >= 5 * timestamp)
        cancel(engine, "any")
        rerun(engine, "any")
        wait_until_ended(engine, "any")
    assert status(engine, "any") == "completed"
    assert tasks(engine, "any") == {"completed": 62}


def test_a_second_time_changes_nothing_and_many_at_once_are_one(engine: Engine) -> None:
    add_job(engine, "once", tasks=1)
    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(lambda _: cancel(engine, "once"), range(8)))
    before = job(engine, "once")
    assert results == {cancel(engine, "once")}
    assert job(engine, "once") == before


@pytest.mark.parametrize("ended", ["completed", "failed", "completed_with_errors"])
def test_a_job_that_has_ended_is_not_cancelled(engine: Engine, ended: str) -> None:
    add_job(engine, "ended", tasks=1)
    execute(engine, "UPDATE app.jobs SET status = CAST(:s AS app.job_status)", s=ended)
    before = job(engine, "ended")
    with pytest.raises(CancelError, match=f"is {ended}; only a job that waits or is at work"):
        cancel(engine, "ended")
    assert job(engine, "ended") == before


@pytest.mark.parametrize("metadata", [None, {}, {"executor": "platform"}])
def test_a_job_of_the_platform_is_left_to_it(engine: Engine, metadata: Any) -> None:
    add_job(engine, "theirs")
    execute(engine, "UPDATE app.jobs SET metadata = CAST(:m AS jsonb)", m=json.dumps(metadata))
    with pytest.raises(CancelError, match="only the platform can cancel it"):
        cancel(engine, "theirs")
    with pytest.raises(NoSuchJob):
        cancel(engine, "nobody's")


def test_without_the_status_a_job_is_failed_with_the_reason_and_may_run_again(
    engine: Engine,
) -> None:
    add_job(engine, "old", tasks=1)
    execute(engine, "ALTER TYPE app.job_status RENAME VALUE 'cancelled' TO 'paused'")
    execute(engine, "ALTER TYPE app.task_status RENAME VALUE 'cancelled' TO 'paused'")
    assert cancel(engine, "old") == cancel(engine, "old") == Cancellation("old", "failed", 0, 0)
    assert job(engine, "old").error_details.startswith("The job was cancelled")
    rerun(engine, "old")
    assert job(engine, "old").metadata["executor"] == EXECUTOR
    assert status(engine, "old") == "queued"


def test_an_embedded_database_of_an_earlier_version_gains_the_status(
    engine: Engine, registry: Registry
) -> None:
    execute(engine, "ALTER TYPE app.job_status RENAME VALUE 'cancelled' TO 'paused'")
    install_schema(engine, registry)
    add_job(engine, "new", tasks=1)
    assert cancel(engine, "new").status == "cancelled"


def test_twenty_thousand_tasks_are_cancelled_in_one_statement(engine: Engine) -> None:
    add_job(engine, "large", tasks=1)
    many = """
        INSERT INTO app.tasks (task_id, parent_job_id, job_type, task_type, stage, status)
        SELECT 'large-' || n, 'large', 'toy', 'toy_note', 1,
               (ARRAY['pending', 'queued', 'processing', 'completed'])[1 + n % 4]::app.task_status
        FROM generate_series(1, 20000) AS n
    """
    execute(engine, many)
    assert cancel(engine, "large") == Cancellation("large", "cancelled", 5000, 20000)
    assert tasks(engine, "large") == {"completed": 5000, "cancelled": 15000}
    assert row(engine, "SELECT count(*) AS n FROM app.jobs").n == 1
