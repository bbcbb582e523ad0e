"""Short tasks travel in batches: none is lost, none waits, and one that breaks breaks alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client
from sqlalchemy import Engine, text

from jobs.dispatch import KNOWN
from jobs.storage import Storage
from jobs.worker import TaskBatch, TaskSpec, execute
from tests.test_jobs_runner import add_job, job, running, wait_for, wait_until_ended
from tests.toy_jobs import note


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def notes(storage: Storage) -> int:
    return len(list(Path(storage.place("notes")).glob("*")))


def processing(engine: Engine) -> int:
    query = "SELECT count(*) FROM app.tasks WHERE status = 'processing'"
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def test_a_batch_comes_back_with_what_it_has_no_time_for_left_out(
    cluster: Client, storage: Storage
) -> None:
    specs = tuple(TaskSpec(f"slow-s1-{n}", {"number": n, "seconds": 0.15}) for n in range(3))
    results = cluster.submit(execute, TaskBatch(specs, note, storage, "nobody", 5)).result()
    done = [result.result["number"] for result in results]
    assert done in ([0], [0, 1])
    assert notes(storage) == len(done)


def test_what_is_left_of_a_batch_is_done_once(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "mixed", tasks=60, held_from=30)
    with running(engine, cluster, storage):
        # A held task is told of when its batch's time is over: what comes after it is left.
        wait_for(lambda: processing(engine) > 0)
        Path(storage.place("released")).touch()
        wait_until_ended(engine, "mixed")
    assert job(engine, "mixed").stage_results["2"] == {"tasks": 60, "completed": 60, "failed": 0}
    assert notes(storage) == 60


def test_a_task_that_kills_its_worker_does_not_take_its_batch_along(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_job(engine, "batch", tasks=KNOWN + 40, kill=[KNOWN + 20])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "batch")
    assert job(engine, "batch").stage_results["2"] == {
        "tasks": KNOWN + 40,
        "completed": KNOWN + 39,
        "failed": 1,
    }
    with engine.connect() as connection:
        query = "SELECT task_id FROM app.tasks WHERE status = 'failed'"
        assert connection.execute(text(query)).scalars().all() == [f"batch-s2-{KNOWN + 20}"]
