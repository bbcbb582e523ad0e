"""The runner on a real database and a real Dask cluster."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Engine, text

from jobs.job_rows import EXECUTOR, JobLost, assert_lease, claim_job
from jobs.runner import Runner
from jobs.stages import JobType
from jobs.storage import Storage
from pipelines.registry import Registry
from tests.monitor import wait_for
from tests.toy_jobs import JOB_TYPES, TOY_REGISTRY

ENDED = ("completed", "failed", "completed_with_errors")


def add_job(engine: Engine, job_id: str, job_type: str = "toy", **parameters: Any) -> str:
    marks = {"executor": EXECUTOR}
    for mark in ("depends_on", "after", "executor"):
        if mark in parameters:
            marks[mark] = parameters.pop(mark)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO app.jobs (job_id, job_type, parameters, total_stages, metadata)"
                " VALUES (:id, :type, CAST(:parameters AS jsonb), 3, CAST(:marks AS jsonb))"
            ),
            {
                "id": job_id,
                "type": job_type,
                "parameters": json.dumps(parameters),
                "marks": json.dumps(marks),
            },
        )
    return job_id


def row(engine: Engine, query: str, **values: Any) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query), values).one()


def job(engine: Engine, job_id: str) -> Any:
    return row(engine, "SELECT * FROM app.jobs WHERE job_id = :id", id=job_id)


def wait_until_ended(engine: Engine, *job_ids: str) -> None:
    wait_for(lambda: all(job(engine, job_id).status in ENDED for job_id in job_ids))


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@contextmanager
def running(
    engine: Engine,
    cluster: Client,
    storage: Storage,
    job_types: Mapping[str, JobType] = JOB_TYPES,
    registry: Registry = TOY_REGISTRY,
    **seconds: float,
) -> Iterator[Runner]:
    paces = {"heartbeat_seconds": 0.2, "lease_seconds": 30.0, **seconds}
    runner = Runner(engine, cluster, storage, job_types, registry, **paces)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield runner
    finally:
        runner.stop()
        thread.join(90)


def test_a_job_walks_through_its_stages(engine: Engine, cluster: Client, storage: Storage) -> None:
    add_job(engine, "walk", tasks=5)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "walk")
    ended = job(engine, "walk")
    assert (ended.status, ended.stage, ended.error_details) == ("completed", 3, None)
    assert ended.stage_results["2"] == {"tasks": 5, "completed": 5, "failed": 0}
    assert ended.stage_results["3"]["result"] == {"stages_before": ["1", "2"]}
    # The job's own result has that of its last stage, beside the summary.
    assert ended.result_data["result"] == {"stages_before": ["1", "2"]}
    assert ended.result_data["failed_tasks"] == 0


def test_a_failed_task_fails_alone_and_is_named(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "fails", tasks=6, fail=[2, 4])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "fails")
    ended = job(engine, "fails")
    assert ended.status == "completed_with_errors"
    assert ended.error_details.startswith(
        "2 tasks failed: group-2: number 2 is broken\\udce9; group-4:"
    )
    assert [group["group"] for group in ended.result_data["failed_groups"]] == [
        "group-2",
        "group-4",
    ]


def test_a_stage_whose_every_task_failed_fails_the_job(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "all", tasks=2, fail=[0, 1])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "all")
    assert (job(engine, "all").status, job(engine, "all").stage) == ("failed", 2)


def test_a_plan_that_can_not_be_made_fails_the_job_with_its_words(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "refused", "refused")
    with running(engine, cluster, storage):
        wait_until_ended(engine, "refused")
    assert job(engine, "refused").error_details.startswith("there is nothing to do")


def test_a_task_that_kills_its_worker_fails_and_the_rest_is_done(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "kills", tasks=4, kill=[1])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "kills")
    ended = job(engine, "kills")
    assert ended.stage_results["2"] == {"tasks": 4, "completed": 3, "failed": 1}
    assert "The worker died" in ended.error_details


def test_tasks_record_worker_start_duration_and_memory(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "facts", tasks=1, seconds=0.6)
    with running(engine, cluster, storage):
        wait_for(lambda: _status(engine, "facts-s2-0") == "processing")
        wait_until_ended(engine, "facts")
    task = row(engine, f"SELECT *, {SECONDS} FROM app.tasks WHERE task_id = 'facts-s2-0'")
    assert 0.6 <= task.seconds < 3
    assert task.metadata["peak_memory_mb"] > 20
    assert task.executed_by_app
    assert task.heartbeat


SECONDS = "extract(epoch FROM updated_at - execution_started_at)::float AS seconds"


def _status(engine: Engine, task_id: str) -> str | None:
    with engine.connect() as connection:
        query = text("SELECT status::text FROM app.tasks WHERE task_id = :id")
        return connection.execute(query, {"id": task_id}).scalar_one_or_none()


def test_jobs_of_the_platform_are_left_alone(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "platform", tasks=1, executor="platform")
    add_job(engine, "ours", tasks=1)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "ours")
    # It is the older one: whoever claimed it would have done so before, and left a mark.
    left = job(engine, "platform")
    assert (left.status, left.stage, left.metadata) == ("queued", 1, {"executor": "platform"})
    tasks = "SELECT count(*) AS n FROM app.tasks WHERE parent_job_id = 'platform'"
    assert row(engine, tasks).n == 0


@pytest.mark.parametrize("mark", ["depends_on", "after"])
def test_a_job_waits_for_the_one_it_comes_after(
    engine: Engine, cluster: Client, storage: Storage, mark: str
) -> None:
    add_job(engine, "second", tasks=1, **{mark: "first"})
    add_job(engine, "first", tasks=2, seconds=0.3)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "first", "second")
    started = "SELECT min(execution_started_at) AS at FROM app.tasks WHERE parent_job_id = 'second'"
    assert row(engine, started).at > job(engine, "first").updated_at


def test_a_runner_that_stops_gives_its_job_back(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "back", tasks=40, held_from=3)
    with running(engine, cluster, storage):
        wait_for(lambda: _completed(engine, "back") >= 3)
    assert job(engine, "back").status == "queued"
    Path(storage.place("released")).touch()
    with running(engine, cluster, storage):
        wait_until_ended(engine, "back")
    assert job(engine, "back").status == "completed"


def _completed(engine: Engine, job_id: str) -> int:
    query = "SELECT count(*) AS n FROM app.tasks WHERE parent_job_id = :id AND status = 'completed'"
    return int(row(engine, query + " AND stage = 2", id=job_id).n)


def test_two_runners_share_the_jobs_and_do_each_task_once(
    engine: Engine, cluster: Client, storage: Storage, tmp_path: Path
) -> None:
    names = [add_job(engine, f"shared-{n}", tasks=10) for n in range(6)]
    with running(engine, cluster, storage), running(engine, cluster, storage):
        wait_until_ended(engine, *names)
    assert len(list((tmp_path / "notes").iterdir())) == 60


def test_a_silent_runners_job_is_taken_over_and_its_late_writes_are_refused(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "silent", tasks=30, held_from=2)
    with running(engine, cluster, storage, heartbeat_seconds=60.0) as first:
        wait_for(lambda: _completed(engine, "silent") >= 2)
        with running(engine, cluster, storage, lease_seconds=0.5) as second:
            wait_for(lambda: job(engine, "silent").metadata.get("runner_id") == second.runner_id)
            assert first.runner_id != second.runner_id
            Path(storage.place("released")).touch()
            wait_until_ended(engine, "silent")
    assert job(engine, "silent").stage_results["2"] == {"tasks": 30, "completed": 30, "failed": 0}


def test_a_runner_never_claims_a_job_that_it_holds(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "slow", tasks=6, held_from=2)
    with running(engine, cluster, storage, heartbeat_seconds=60.0, lease_seconds=0.2):
        wait_for(lambda: _completed(engine, "slow") >= 2)
        token = job(engine, "slow").metadata["lease_token"]
        wait_for(lambda: _silent_for(engine, "slow", 0.6))
        assert job(engine, "slow").metadata["lease_token"] == token
        Path(storage.place("released")).touch()
        wait_until_ended(engine, "slow")
    ended = job(engine, "slow")
    assert (ended.status, ended.stage) == ("completed", 3)
    assert ended.stage_results["2"] == {"tasks": 6, "completed": 6, "failed": 0}


def _silent_for(engine: Engine, job_id: str, seconds: float) -> bool:
    query = text(
        "SELECT updated_at < NOW() - :seconds * INTERVAL '1 second' FROM app.jobs "
        "WHERE job_id = :job"
    )
    with engine.begin() as connection:
        return bool(connection.execute(query, {"job": job_id, "seconds": seconds}).scalar_one())


def test_a_claim_ends_the_one_before_it_even_of_the_same_runner(engine: Engine) -> None:
    add_job(engine, "twice", tasks=1)
    with engine.begin() as connection:
        first = claim_job(connection, "runner", list(JOB_TYPES), 0)
    with engine.begin() as connection:
        second = claim_job(connection, "runner", list(JOB_TYPES), -1)
        assert first is not None
        assert second is not None
        assert_lease(connection, second)
        with pytest.raises(JobLost):
            assert_lease(connection, first)
        with pytest.raises(JobLost):
            assert_lease(connection, replace(second, stage=2))


def test_a_job_at_a_stage_that_does_not_exist_fails_with_the_reason(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    names = [add_job(engine, f"beyond-{number}", tasks=1) for number in range(5)]
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET stage = 5"))
    with running(engine, cluster, storage):
        wait_until_ended(engine, *names)
        add_job(engine, "after", tasks=1)
        wait_until_ended(engine, "after")
    assert job(engine, names[0]).status == "failed"
    assert job(engine, names[0]).error_details == "Job type 'toy' has 3 stages, no 5"
    assert job(engine, "after").status == "completed"
