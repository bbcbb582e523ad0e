"""A claim and its end: nothing is left undone, nothing goes on that nobody waits for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, Worker
from sqlalchemy import Connection, Engine, text

from jobs.job_rows import assert_lease, claim_job
from jobs.stage_lock import take_lock
from jobs.stages import Job, JobType, Result, Stage
from jobs.storage import Storage
from tests.test_jobs_runner import add_job, job, row, running, wait_for, wait_until_ended
from tests.toy_jobs import JOB_TYPES


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def execute(engine: Engine, statement: str, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def idle(cluster: Client) -> bool:
    """Whether no worker does anything."""

    def doing(dask_worker: Worker) -> int:
        return len(dask_worker.active_threads)

    # A worker that is being started again does nothing.
    return not any(cluster.run(doing, on_error="ignore").values())


def status(engine: Engine, job_id: str) -> str:
    return str(job(engine, job_id).status)


@pytest.mark.parametrize("left", ["pending", "queued", "retrying", "pending_retry"])
def test_a_stage_does_not_end_with_a_task_undone(
    engine: Engine, cluster: Client, storage: Storage, left: str
) -> None:
    add_job(engine, "undone", tasks=4, held_from=3)
    with running(engine, cluster, storage):
        wait_for(lambda: _of_stage(engine, "undone", "completed") == 3)
        again = "UPDATE app.tasks SET status = CAST(:left AS app.task_status)"
        execute(engine, f"{again} WHERE task_id = 'undone-s2-0'", left=left)
        Path(storage.place("released")).touch()
        wait_until_ended(engine, "undone")
    assert job(engine, "undone").stage_results["2"] == {"tasks": 4, "completed": 4, "failed": 0}
    assert _of_stage(engine, "undone", "completed") == 4


def _of_stage(engine: Engine, job_id: str, status: str) -> int:
    query = "SELECT count(*) AS n FROM app.tasks WHERE parent_job_id = :id AND stage = 2"
    query += " AND status = CAST(:status AS app.task_status)"
    return int(row(engine, query, id=job_id, status=status).n)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.jobs SET status = 'failed', error_details = 'by hand' WHERE job_id = 'long'",
        "UPDATE app.jobs SET status = 'completed' WHERE job_id = 'long'",
        "DELETE FROM app.jobs WHERE job_id = 'long'",
        "UPDATE app.jobs SET metadata = '{}' WHERE job_id = 'long'",
    ],
)
def test_a_job_that_somebody_ends_stops_its_tasks_too(
    engine: Engine, cluster: Client, storage: Storage, statement: str
) -> None:
    add_job(engine, "long", tasks=50, seconds=100)
    with running(engine, cluster, storage):
        wait_for(lambda: _of_stage(engine, "long", "processing") == 2)
        execute(engine, statement)
        wait_for(lambda: idle(cluster), 20)
        add_job(engine, "next", tasks=2)
        wait_until_ended(engine, "next")
    assert status(engine, "next") == "completed"
    assert not list(Path(storage.place("notes")).glob("9*"))


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("stage", None, "The job's stage is not set; job type 'toy' has 3 stages"),
        ("stage", 0, "Job type 'toy' has 3 stages, no 0"),
        ("stage", 2_000_000_000, "Job type 'toy' has 3 stages, no 2000000000"),
        ("parameters", "[1]", "The job's parameters are no JSON object but [1]"),
        ("parameters", None, "The job's parameters are no JSON object but null"),
    ],
)
def test_a_job_that_can_not_be_done_fails_with_the_reason(
    engine: Engine, cluster: Client, storage: Storage, column: str, value: Any, reason: str
) -> None:
    add_job(engine, "odd", tasks=1)
    execute(engine, f"ALTER TABLE app.jobs ALTER COLUMN {column} DROP NOT NULL")
    kind = "jsonb" if column == "parameters" else "integer"
    execute(engine, f"UPDATE app.jobs SET {column} = CAST(:value AS {kind})", value=value)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "odd")
    assert (status(engine, "odd"), job(engine, "odd").error_details) == ("failed", reason)


@pytest.mark.parametrize("heartbeat", ["infinity", "-infinity", "2999-01-01", None])
def test_a_job_with_an_odd_heartbeat_is_taken_over_when_its_runner_is_gone(
    engine: Engine, cluster: Client, storage: Storage, heartbeat: str | None
) -> None:
    claimed(engine, "odd")
    execute(engine, "ALTER TABLE app.jobs ALTER updated_at DROP NOT NULL")
    execute(engine, "UPDATE app.jobs SET updated_at = :at", at=heartbeat)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "odd")
    assert status(engine, "odd") == "completed"


def test_a_locked_job_keeps_no_other_one_from_its_heartbeat(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    names = [add_job(engine, name, tasks=1, held_from=0) for name in ("locked", "free")]
    with running(engine, cluster, storage):
        wait_for(lambda: all(_of_stage(engine, name, "processing") for name in names))
        with engine.begin() as connection:
            lock = "SELECT FROM app.jobs WHERE job_id = 'locked' FOR UPDATE"
            connection.execute(text(lock))
            before = job(engine, "free").updated_at
            wait_for(lambda: job(engine, "free").updated_at > before)
        Path(storage.place("released")).touch()
        wait_until_ended(engine, *names)


def too_much(connection: Connection, _job: Job) -> Result:
    """A statement that needs more than the server ever gives."""
    connection.execute(text("SELECT repeat('x', 2000000000)"))
    return {}


def test_a_statement_that_can_never_work_fails_its_job_with_the_reason(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "deep")
    kind = JobType("toy", (Stage("deep", "toy_deep", query=too_much),))
    with running(engine, cluster, storage, {"toy": kind}):
        wait_until_ended(engine, "deep")
    assert status(engine, "deep") == "failed"
    assert "requested length too large" in job(engine, "deep").error_details


@pytest.mark.parametrize("results", ["[]", "3", "null", None])
def test_odd_results_of_stages_do_not_stop_a_job(
    engine: Engine, cluster: Client, storage: Storage, results: str | None
) -> None:
    add_job(engine, "odd", tasks=2)
    execute(engine, "ALTER TABLE app.jobs ALTER COLUMN stage_results DROP NOT NULL")
    execute(engine, "UPDATE app.jobs SET stage_results = CAST(:r AS jsonb)", r=results)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "odd")
    assert status(engine, "odd") == "completed"


def test_lost_connections_cost_a_moment_and_not_the_lease(
    engine: Engine, cluster: Client, storage: Storage, tmp_path: Path
) -> None:
    # Its last task waits until all is lost that is to be lost.
    add_job(engine, "dropped", tasks=60, seconds=0.1, held_from=59)
    with running(engine, cluster, storage, lease_seconds=600.0):
        for _ in range(8):
            wait_for(lambda: status(engine, "dropped") == "processing")
            execute(engine, OTHERS_END)
            time.sleep(0.2)
        Path(storage.place("released")).touch()
        wait_until_ended(engine, "dropped")
    assert job(engine, "dropped").stage_results["2"] == {"tasks": 60, "completed": 60, "failed": 0}


OTHERS_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_a_short_job_does_not_wait_for_long_ones(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    long = [add_job(engine, f"long-{n:02}", tasks=400, seconds=0.2) for n in range(24)]
    with running(engine, cluster, storage):
        wait_for(lambda: all(_of_stage(engine, name, "completed") for name in long), 60)
        add_job(engine, "short", tasks=3)
        wait_until_ended(engine, "short")
        assert {status(engine, name) for name in long} <= {"processing", "queued"}
    assert status(engine, "short") == "completed"


def test_what_a_stopped_runner_had_begun_counts_as_a_retry(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "begun", tasks=40, held_from=0)
    with running(engine, cluster, storage):
        wait_for(lambda: _of_stage(engine, "begun", "processing") == 2)
    retries = "SELECT task_index, retry_count FROM app.tasks WHERE stage = 2 AND retry_count > 0"
    with engine.connect() as connection:
        assert sorted(connection.execute(text(retries)).all()) == [("0", 1), ("1", 1)]


def claimed(engine: Engine, job_id: str) -> Job:
    add_job(engine, job_id, tasks=1)
    with engine.begin() as connection:
        found = claim_job(connection, f"runner of {job_id}", list(JOB_TYPES), 30)
    assert found is not None
    return found


def locks(engine: Engine, job: Job, lease_seconds: float = 30) -> bool:
    with engine.begin() as connection:
        assert_lease(connection, job)
        return take_lock(connection, job, "place", lease_seconds)


def test_a_lock_is_of_one_job_until_it_ends(engine: Engine) -> None:
    first, second = claimed(engine, "first"), claimed(engine, "second")
    assert [locks(engine, one) for one in (first, second, first)] == [True, False, True]
    execute(engine, "UPDATE app.jobs SET status = 'failed' WHERE job_id = 'first'")
    assert locks(engine, second)


def test_the_lock_of_a_silent_job_goes_to_the_next_and_it_waits_again(engine: Engine) -> None:
    first, second = claimed(engine, "first"), claimed(engine, "second")
    assert locks(engine, first)
    execute(engine, "UPDATE app.jobs SET updated_at = NOW() - INTERVAL '1 minute'")
    assert locks(engine, second)
    waiting = job(engine, "first")
    assert waiting.status == "queued"
    assert waiting.metadata.keys() == {"executor", "started_at"}
