"""Running ended jobs again, on a real database and a real Dask cluster."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Engine, text

from jobs.job_rows import EXECUTOR
from jobs.rerun import NoSuchJob, Rerun, RerunError, rerun_job
from jobs.runner_queue import queue_job
from jobs.storage import Storage
from pipelines.models import Pipeline
from pipelines.registry import load_registry
from queries.phases import phases
from tests.catalog import JOB_TYPES
from tests.factories import add_files, add_job, add_task, read_now
from tests.rasters import (
    BASELINE,
    FUTURE,
    add_tile,
    count_completed,
    parameters_of,
    source_path,
    walk,
)
from tests.test_jobs_runner import add_job as add_toy
from tests.test_jobs_runner import job, row, running, wait_for, wait_until_ended


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def rerun(engine: Engine, job_id: str) -> Rerun:
    with engine.begin() as connection:
        return rerun_job(connection, job_id)


def mend(storage: Storage) -> None:
    Path(storage.place("mended")).mkdir()


def runs(storage: Storage) -> list[str]:
    """The number of each task that ran, once a run."""
    return sorted(note.name.split("-")[0] for note in Path(storage.place("notes")).iterdir())


def add_ended(engine: Engine, status: str, executor: str | None = EXECUTOR) -> str:
    """A job that has ended with a failed and a completed group in stage 2, of three stages."""
    with engine.begin() as connection:
        add_job(connection, "ended", status=status, stage=3)
        for group, task_status in (("group-1", "failed"), ("group-2", "completed")):
            add_task(connection, "ended", group, task_status, error="broken")
        add_task(connection, "ended", "all", "completed", stage=3, task_type="stac")
        connection.execute(
            text(
                "UPDATE app.jobs SET metadata = CAST(:marks AS jsonb), error_details = 'broken',"
                """ stage_results = '{"1": {"a": 1}, "2": {"b": 1}, "3": {"c": 1}}'"""
            ),
            {"marks": json.dumps({"executor": executor, "planned_stage": 3, "mine": "kept"})},
        )
    return "ended"


def everything(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        jobs = connection.execute(text("SELECT * FROM app.jobs ORDER BY job_id")).all()
        tasks = connection.execute(text("SELECT * FROM app.tasks ORDER BY task_id")).all()
    return [*jobs, *tasks]


def test_only_what_failed_is_done_again_and_the_job_ends_completed(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "again", tasks=5, fail=[2])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "again")
        assert job(engine, "again").status == "completed_with_errors"
        mend(storage)
        assert rerun(engine, "again") == Rerun("again", "queued", tasks=1, done=5)
        wait_until_ended(engine, "again")
    ended = job(engine, "again")
    assert (ended.status, ended.error_details, ended.stage) == ("completed", None, 3)
    assert runs(storage) == ["0", "1", "2", "2", "3", "4"]
    assert ended.stage_results["2"] == {"tasks": 5, "completed": 5, "failed": 0}
    assert (ended.metadata["reruns"], ended.result_data["failed_tasks"]) == (1, 0)


def test_later_stages_are_done_again_with_the_new_results(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "later", tasks=3, fail=[0])
    last = "SELECT updated_at AS at FROM app.tasks WHERE task_id = 'later-s3-0'"
    first = "SELECT updated_at AS at FROM app.tasks WHERE task_id = 'later-s1-0'"
    with running(engine, cluster, storage):
        wait_until_ended(engine, "later")
        before = row(engine, last).at, row(engine, first).at
        mend(storage)
        rerun(engine, "later")
        wait_until_ended(engine, "later")
    assert row(engine, last).at > before[0]
    assert row(engine, first).at == before[1]


def test_what_is_still_broken_fails_again_and_can_be_run_once_more(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "broken", tasks=2, fail=[1])
    with running(engine, cluster, storage):
        for count in (1, 2):
            wait_until_ended(engine, "broken")
            rerun(engine, "broken")
            wait_until_ended(engine, "broken")
            assert job(engine, "broken").metadata["reruns"] == count
    assert job(engine, "broken").status == "completed_with_errors"
    task = row(engine, "SELECT * FROM app.tasks WHERE task_id = 'broken-s2-1'")
    assert (task.retry_count, task.status) == (2, "failed")


def test_a_job_whose_every_task_failed_goes_on_from_there(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "all", tasks=2, fail=[0, 1])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "all")
        assert (job(engine, "all").status, job(engine, "all").stage) == ("failed", 2)
        mend(storage)
        rerun(engine, "all")
        wait_until_ended(engine, "all")
    assert (job(engine, "all").status, job(engine, "all").stage) == ("completed", 3)


def test_a_plan_that_could_not_be_made_is_made_again(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "refused", "refused")
    with running(engine, cluster, storage):
        wait_until_ended(engine, "refused")
        with engine.begin() as connection:
            add_files(connection, 1)
        assert rerun(engine, "refused").tasks == 0
        wait_until_ended(engine, "refused")
    assert job(engine, "refused").status == "completed"


def test_a_runner_that_stops_in_a_rerun_leaves_the_rest_to_the_next(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "half", tasks=30, fail=list(range(1, 30)), seconds=0.05)
    with running(engine, cluster, storage):
        wait_until_ended(engine, "half")
    mend(storage)
    rerun(engine, "half")
    completed = "SELECT COUNT(*) AS n FROM app.tasks WHERE stage = 2 AND status = 'completed'"
    with running(engine, cluster, storage):
        wait_for(lambda: row(engine, completed).n >= 5)
    assert job(engine, "half").status == "queued"
    with running(engine, cluster, storage):
        wait_until_ended(engine, "half")
    assert job(engine, "half").stage_results["2"] == {"tasks": 30, "completed": 30, "failed": 0}
    assert runs(storage).count("0") == 1


def test_the_rows_of_a_rerun_are_those_of_a_job_that_waits(tables: Engine) -> None:
    job_id = add_ended(tables, "completed_with_errors")
    assert rerun(tables, job_id) == Rerun(job_id, "queued", tasks=1, done=1)
    waiting = job(tables, job_id)
    assert (waiting.status, waiting.stage, waiting.error_details) == ("queued", 2, None)
    assert waiting.stage_results == {"1": {"a": 1}}
    assert (waiting.metadata["planned_stage"], waiting.metadata["mine"]) == (2, "kept")
    rows = "SELECT array_agg(status::text || retry_count ORDER BY task_id) AS all FROM app.tasks"
    assert row(tables, rows).all == ["pending1", "completed0"]


def test_what_a_runner_left_under_way_and_what_was_cancelled_is_done_again(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_toy(engine, "left", tasks=4, fail=[0, 1, 2])
    with running(engine, cluster, storage):
        wait_until_ended(engine, "left")
    mend(storage)
    with engine.begin() as connection:
        for number, status in enumerate(("cancelled", "processing", "queued")):
            values = {"task": f"left-s2-{number}", "status": status}
            update = "UPDATE app.tasks SET status = :status WHERE task_id = :task"
            connection.execute(text(update), values)
        connection.execute(text("UPDATE app.jobs SET status = 'failed', stage = 2"))
    rerun(engine, "left")
    with running(engine, cluster, storage):
        wait_until_ended(engine, "left")
    assert job(engine, "left").status == "completed"
    counts = "SELECT array_agg(retry_count ORDER BY task_id) AS all FROM app.tasks WHERE stage = 2"
    assert row(engine, counts).all == [1, 1, 0, 0]


def test_two_people_at_once_run_it_again_once(engine: Engine) -> None:
    job_id = add_ended(engine, "failed")
    with ThreadPoolExecutor(1) as other_person:
        with engine.begin() as connection:
            rerun_job(connection, job_id)
            second = other_person.submit(rerun, engine, job_id)
            wait_for(lambda: row(engine, WAITING).n == 1)
        with pytest.raises(RerunError, match="Job ended is queued"):
            second.result(20)
    assert job(engine, job_id).metadata["reruns"] == 1
    assert row(engine, "SELECT MAX(retry_count) AS most FROM app.tasks").most == 1


WAITING = """
    SELECT COUNT(*) AS n FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.mark.parametrize("status", ["queued", "processing", "completed"])
def test_a_job_that_has_nothing_to_mend_is_left_alone(engine: Engine, status: str) -> None:
    job_id = add_ended(engine, status)
    before = everything(engine)
    with pytest.raises(RerunError, match=f"is {status}; only a job that is failed, "):
        rerun(engine, job_id)
    assert everything(engine) == before


@pytest.mark.parametrize("executor", ["platform", None])
def test_a_job_of_the_platform_is_left_alone(tables: Engine, executor: str | None) -> None:
    job_id = add_ended(tables, "failed", executor)
    before = everything(tables)
    with pytest.raises(RerunError, match="only the platform can run it again"):
        rerun(tables, job_id)
    assert everything(tables) == before


def test_a_job_that_is_not_there_is_told(engine: Engine) -> None:
    with pytest.raises(NoSuchJob, match="no job 'x'"):
        rerun(engine, "x")


def test_a_group_leaves_the_failed_ones_when_it_is_run_again(
    tables: Engine, fathom: Pipeline
) -> None:
    job_id = add_ended(tables, "completed_with_errors")
    with tables.begin() as connection:
        add_files(connection, 8, group="group-1")
    before = phases(read_now(tables, fathom))
    rerun(tables, job_id)
    assert [before["failed"][0], phases(read_now(tables, fathom))["failed"][0]] == [8, 0]


def test_a_group_that_was_incomplete_is_done_with_the_files_that_came_since(
    engine: Engine, cluster: Client, storage: Storage
) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    missing = Path(storage.place("bronze-fathom"), source_path("1in200", "s02e029"))
    missing.rename(missing.with_suffix(".away"))
    walk(engine, storage, "inventory_fathom_container")
    with engine.begin() as connection:
        parameters = parameters_of("process_fathom_stack", region_code="rwa")
        job_id = queue_job(connection, JOB_TYPES["process_fathom_stack"], parameters).job_id
    with running(engine, cluster, storage, JOB_TYPES, load_registry()):
        wait_until_ended(engine, job_id)
        message = job(engine, job_id).error_details
        assert "has no file for 1in200" in message
        assert "run the inventory, then run this job again" in message
        missing.with_suffix(".away").rename(missing)
        walk(engine, storage, "inventory_fathom_container")
        assert rerun(engine, job_id).tasks == 1
        wait_until_ended(engine, job_id)
    assert job(engine, job_id).status == "completed"
    assert count_completed(engine, 1) == 16
