"""The runner as a process of its own: killed, and on a cluster that is already there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Engine, text

from jobs.runner_queue import queue_job
from pipelines.parameters import check_parameters
from pipelines.registry import Registry
from settings import SOURCE
from tests.catalog import JOB_TYPES
from tests.monitor import lives, wait_for
from tests.processes import runner, scheduler_at

RWA_FILES, BROKEN_FILES, RWA_GROUPS = 1872, 16, 234


def submit(engine: Engine, registry: Registry, job_type: str, **given: Any) -> str:
    action = registry.action(job_type)
    assert action is not None
    with engine.begin() as connection:
        parameters = check_parameters(action, given)
        return queue_job(connection, JOB_TYPES[job_type], parameters).job_id


def one(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query)).one()


def all_ended(engine: Engine) -> bool:
    query = "SELECT count(*) AS n FROM app.jobs WHERE status IN ('queued', 'processing')"
    return bool(one(engine, query).n == 0)


def finished_groups(engine: Engine) -> dict[str, Any]:
    query = text(
        "SELECT task_id, updated_at FROM app.tasks"
        " WHERE task_type = 'fathom_band_stack' AND status = 'completed'"
    )
    with engine.connect() as connection:
        return dict(tuple(row) for row in connection.execute(query))


@contextmanager
def results_wait(engine: Engine) -> Iterator[None]:
    """No more results are recorded once there are 30, until the block ends."""
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(30)"))
        connection.exec_driver_sql(HOLD)
        connection.commit()
        yield
        connection.execute(text("SELECT pg_advisory_unlock(30)"))
        connection.commit()
        connection.execute(text("DROP FUNCTION app.hold CASCADE"))
        connection.commit()


HOLD = """
    CREATE FUNCTION app.hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT count(*) FROM app.tasks
            WHERE task_type = 'fathom_band_stack' AND status = 'completed') >= 30
        THEN PERFORM pg_advisory_xact_lock(30); END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER hold BEFORE UPDATE ON app.tasks EXECUTE FUNCTION app.hold();
"""


def test_a_runner_killed_in_a_stage_loses_nothing_and_does_every_group_once(
    engine: Engine, database: str, registry: Registry, sample: Path, tmp_path: Path
) -> None:
    submit(engine, registry, "inventory_fathom_container", base_prefix="rwa")
    with runner(database, sample, tmp_path):
        wait_for(lambda: all_ended(engine), 90)
        submit(engine, registry, "process_fathom_stack", region_code="rwa")
    with results_wait(engine), runner(database, sample, tmp_path) as victim:
        wait_for(lambda: len(finished_groups(engine)) >= 30, 90)
        workers = psutil.Process(victim.pid).children(recursive=True)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        wait_for(lambda: not any(lives(worker) for worker in workers), 20)
        before = finished_groups(engine)
    assert 30 <= len(before) < RWA_GROUPS

    with runner(database, sample, tmp_path):
        wait_for(lambda: all_ended(engine), 90)
    after = finished_groups(engine)
    assert {task: after[task] for task in before} == before
    _every_group_once(engine)


def _every_group_once(engine: Engine) -> None:
    tasks = one(
        engine,
        "SELECT count(*) AS tasks, count(DISTINCT parameters #>> '{tile_group,output_name}')"
        " AS groups, count(*) FILTER (WHERE status = 'completed') AS completed"
        " FROM app.tasks WHERE task_type = 'fathom_band_stack'",
    )
    assert (tasks.tasks, tasks.groups, tasks.completed) == (RWA_GROUPS, RWA_GROUPS, RWA_GROUPS - 2)
    files = one(
        engine,
        "SELECT count(*) AS total, count(phase1_completed_at) AS completed"
        " FROM app.etl_source_files",
    )
    assert (files.total, files.completed) == (RWA_FILES, RWA_FILES - BROKEN_FILES)
    status = "SELECT status::text FROM app.jobs WHERE job_type = 'process_fathom_stack'"
    assert one(engine, status).status == "completed_with_errors"


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Address of a Dask scheduler with two workers."""
    with scheduler_at(tmp_path) as (_, address):
        yield address


def test_jobs_wait_for_the_scheduler_that_was_lost(
    engine: Engine, database: str, registry: Registry, sample: Path, tmp_path: Path
) -> None:
    submit(engine, registry, "inventory_fathom_container", base_prefix="rwa")
    # So long a lease that only a job that was given back is taken again.
    given = {"JOB_LEASE_SECONDS": "600"}
    with (
        scheduler_at(tmp_path) as (process, address),
        runner(database, sample, tmp_path, DASK_SCHEDULER=address, **given) as lost,
    ):
        wait_for(lambda: all_ended(engine), 90)
        submit(engine, registry, "process_fathom_stack", region_code="rwa")
        with results_wait(engine):
            wait_for(lambda: len(finished_groups(engine)) >= 30, 90)
            process.kill()
        assert lost.wait(60) == 1
    status = "SELECT status::text FROM app.jobs WHERE job_type = 'process_fathom_stack'"
    assert one(engine, status).status == "queued"
    with (
        scheduler_at(tmp_path, int(address.rpartition(":")[2])),
        runner(database, sample, tmp_path, DASK_SCHEDULER=address, **given),
    ):
        wait_for(lambda: all_ended(engine), 90)
    _every_group_once(engine)


def test_a_runner_that_is_stopped_while_its_cluster_starts_ends_in_order(
    database: str, sample: Path, tmp_path: Path
) -> None:
    with runner(database, sample, tmp_path) as started:
        wait_for(lambda: bool(psutil.Process(started.pid).children()))
        started.terminate()
        assert started.wait(90) == 0
    wait_for(lambda: not processes_of(tmp_path), 5)


@pytest.mark.parametrize("ready", [False, True])
def test_a_terminals_ctrl_c_is_left_to_the_runner(
    database: str, sample: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], ready: bool
) -> None:
    heard = [""]

    def said(words: str) -> bool:
        heard.append(capfd.readouterr().err)
        return words in "".join(heard)

    with runner(database, sample, tmp_path, WORKERS="2") as started:
        own = psutil.Process(started.pid)
        # The workers, and what tracks the resources of processes.
        wait_for(lambda: len(own.children()) == 3)
        wait_for(lambda: not ready or said("waits for jobs"))
        # A terminal sends it to every process in it.
        for each in [own, *own.children()]:
            each.send_signal(signal.SIGINT)
        assert started.wait(90) == 0
    assert not said("Traceback")


def processes_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("DATA_DIR") == str(folder) and lives(process)
    ]


def test_a_cluster_that_is_already_there_does_the_tasks(
    engine: Engine,
    database: str,
    registry: Registry,
    sample: Path,
    tmp_path: Path,
    scheduler: str,
) -> None:
    submit(engine, registry, "inventory_fathom_container", base_prefix="rwa", years=[2020])
    with runner(database, sample, tmp_path, DASK_SCHEDULER=scheduler):
        wait_for(lambda: all_ended(engine), 90)
        submit(engine, registry, "process_fathom_stack", region_code="rwa", years=[2020])
        wait_for(lambda: all_ended(engine), 90)
    tasks = one(
        engine,
        "SELECT count(*) AS completed, count(DISTINCT executed_by_app) AS workers FROM app.tasks"
        " WHERE task_type = 'fathom_band_stack' AND status = 'completed'",
    )
    assert (tasks.completed, tasks.workers) == (18, 2)


def test_a_scheduler_that_does_not_answer_is_told(database: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(SOURCE / "app.py"), "runner"],
        env={
            **os.environ,
            "DATABASE_URL": database,
            "DATA_DIR": str(tmp_path),
            "DASK_SCHEDULER": "tcp://127.0.0.1:1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in ended.stderr
