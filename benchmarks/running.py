"""`python -m benchmarks.running`: a runner in a process of its own, for benchmarks/runner.py.

`compare` does jobs of empty tasks, and the same tasks by `Client.map` on the same cluster, in
turns: the seconds of each round. `memory` does a job of each size: the most memory (MB) while it
ran. What they found they print as JSON.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import psutil
from distributed import Client
from sqlalchemy import Engine, text

from benchmarks.empty_jobs import JOB_TYPES, nothing
from database.engine import open_engine
from jobs.cluster import open_client
from jobs.job_rows import EXECUTOR
from jobs.runner import Runner
from jobs.storage import Storage
from pipelines.registry import Registry

POLL_SECONDS, SAMPLING_SECONDS = 0.02, 0.05
MEGABYTE = 1_000_000
Place = tuple[Engine, Client, Storage]


@click.group()
@click.argument("url")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def main(context: click.Context, url: str, folder: Path) -> None:
    """Does jobs of empty tasks on a local cluster with the folder."""
    engine, storage = open_engine(url), Storage(str(folder))
    client = context.with_resource(open_client(None, None, folder / "dask"))
    client.wait_for_workers(1)
    context.obj = engine, client, storage


@main.command()
@click.option("--tasks", type=int)
@click.option("--repeat", type=int)
@click.pass_obj
def compare(place: Place, tasks: int, repeat: int) -> None:
    """A job of so many tasks, and Client.map."""
    engine, client, storage = place
    taken: dict[str, list[float]] = {"job": [], "map": []}
    for _ in range(repeat):
        taken["map"].append(seconds_of_map(client, storage, tasks))
        with running(engine, client, storage):
            taken["job"].append(seconds_of_job(engine, tasks))
    print(json.dumps(taken))


@main.command()
@click.argument("tasks", type=int, nargs=-1)
@click.pass_obj
def memory(place: Place, tasks: tuple[int, ...]) -> None:
    """Jobs of so many tasks, one after the other."""
    engine, client, storage = place
    with running(engine, client, storage):
        peaks = [peak_of(partial(seconds_of_job, engine, number)) for number in tasks]
    print(json.dumps(peaks))


def peak_of(action: Callable[[], object]) -> float:
    """The most resident memory (MB) that this process had during an action."""
    ended, found = threading.Event(), [0]
    resident = psutil.Process().memory_info

    def sample() -> None:
        while not ended.wait(SAMPLING_SECONDS):
            found[0] = max(found[0], resident().rss)

    sampler = threading.Thread(target=sample)
    sampler.start()
    action()
    ended.set()
    sampler.join()
    return found[0] / MEGABYTE


def seconds_of_map(client: Client, storage: Storage, tasks: int) -> float:
    """How long Client.map takes for so many empty tasks, their results included."""
    began = time.perf_counter()
    parameters = [{"number": number} for number in range(tasks)]
    futures = client.map(nothing, parameters, _storage=storage, pure=False)
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
    own = Registry({})
    runner = Runner(engine, client, storage, JOB_TYPES, own, heartbeat_seconds=5, lease_seconds=30)
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
