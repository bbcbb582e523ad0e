"""`python -m benchmarks.running`: a runner in a process of its own, for benchmarks/runner.py.

It prints the seconds of each round as JSON; in turns of the job of empty tasks, and of the same
tasks by `Client.map` on the same cluster.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from distributed import Client
from sqlalchemy import Engine, text

from benchmarks.empty_jobs import JOB_TYPES, nothing
from database.engine import open_engine
from jobs.cluster import open_client
from jobs.job_rows import EXECUTOR
from jobs.runner import Runner
from jobs.storage import Storage

POLL_SECONDS = 0.02


@click.command()
@click.argument("url")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--tasks", type=int)
@click.option("--repeat", type=int)
@click.option("--compare/--alone", help="Whether to do the tasks by Client.map too.")
def main(url: str, folder: Path, tasks: int, repeat: int, compare: bool) -> None:
    """Does jobs of empty tasks."""
    engine = open_engine(url)
    storage = Storage(str(folder))
    taken: dict[str, list[float]] = {"job": [], "map": []}
    with open_client(None, None, folder / "dask") as client:
        client.wait_for_workers(1)
        for _ in range(repeat):
            if compare:
                taken["map"].append(seconds_of_map(client, storage, tasks))
            with running(engine, client, storage):
                taken["job"].append(seconds_of_job(engine, tasks))
    print(json.dumps(taken))


def seconds_of_map(client: Client, storage: Storage, tasks: int) -> float:
    """How long Client.map takes for so many empty tasks, their results included."""
    began = time.perf_counter()
    parameters = [{"number": number} for number in range(tasks)]
    futures = client.map(nothing, parameters, [storage] * tasks, pure=False)
    assert len(client.gather(futures)) == tasks
    return time.perf_counter() - began


def seconds_of_job(engine: Engine, tasks: int) -> float:
    """How long a job of so many empty tasks takes, from its submission to its end."""
    began = time.perf_counter()
    with engine.begin() as connection:
        values = {"parameters": json.dumps({"tasks": tasks}), "executor": EXECUTOR}
        job_id = connection.execute(SUBMIT, values).scalar_one()
    while (ended := _ended(engine, job_id)) is None:
        time.sleep(POLL_SECONDS)
    assert ended == ("completed", tasks), ended
    return time.perf_counter() - began


@contextmanager
def running(engine: Engine, client: Client, storage: Storage) -> Iterator[None]:
    """A runner with the default settings, that stops when the block ends."""
    runner = Runner(engine, client, storage, JOB_TYPES, heartbeat_seconds=5, stale_seconds=30)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join()


def _ended(engine: Engine, job_id: str) -> tuple[str, int] | None:
    with engine.connect() as connection:
        row = connection.execute(ENDED, {"job": job_id}).one_or_none()
    return None if row is None else (row[0], row[1])


SUBMIT = text(
    """
    INSERT INTO app.jobs (job_id, job_type, parameters, total_stages, metadata)
    VALUES (encode(sha256(gen_random_uuid()::text::bytea), 'hex'), 'empty',
            CAST(:parameters AS jsonb), 1, jsonb_build_object('executor', CAST(:executor AS text)))
    RETURNING job_id
    """
)
# Its status, and how many of its tasks have all that a task's row says at the end.
ENDED = text(
    """
    SELECT status::text, (SELECT count(*) FROM app.tasks
                          WHERE parent_job_id = job_id AND status = 'completed'
                            AND result_data IS NOT NULL AND execution_started_at IS NOT NULL
                            AND executed_by_app IS NOT NULL)
    FROM app.jobs WHERE job_id = :job AND status NOT IN ('queued', 'processing')
    """
)

if __name__ == "__main__":
    main()
