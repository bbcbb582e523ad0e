"""A mistake in a job type's own functions fails what it concerns, and says where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Connection, Engine, text

from jobs.stages import Job, JobType, Parameters, Result, Stage, Task
from jobs.storage import Storage
from pipelines.registry import Registry
from tests.test_jobs_runner import add_job, job, running, wait_until_ended


def plan_two(_connection: Connection, _job: Job) -> Iterator[Parameters]:
    yield {"number": 0}
    yield {"number": 1}


def plan_none(_connection: Connection, job: Job) -> Iterator[Parameters]:
    yield {"number": job.parameters["nowhere"]}


def plan_odd(_connection: Connection, _job: Job) -> Iterator[Parameters]:
    yield {"path": Path("a")}


def do(parameters: Parameters, _storage: Storage) -> Result:
    return {"number": parameters["number"]}


def do_odd(parameters: Parameters, _storage: Storage) -> Result:
    return {"number": float("nan") if parameters["number"] else {1, 2}}


def record_first(_connection: Connection, _job: Job, task: Task, result: Result) -> None:
    if task.parameters["number"] == 1:
        raise ZeroDivisionError("by me")


def keep_less(_connection: Connection, _job: Job, _task: Task, result: Result) -> Result:
    return {"doubled": 2 * result["number"]}


def ask(_connection: Connection, _job: Job) -> Result:
    raise LookupError("no such thing")


def ask_odd(_connection: Connection, _job: Job) -> Result:
    return {"when": Path("b")}


def lock(job: Job) -> str:
    return str(job.parameters["nowhere"])


def outcome(engine: Engine, cluster: Client, folder: Path, stage: Stage) -> tuple[Any, list[Any]]:
    """The ended job, and the status, result and error of its tasks."""
    add_job(engine, "j", "odd")
    job_types = {"odd": JobType("odd", (stage,))}
    with running(engine, cluster, Storage(str(folder)), job_types, Registry({})):
        wait_until_ended(engine, "j")
    query = "SELECT status, result_data, error_details FROM app.tasks ORDER BY task_id"
    with engine.connect() as connection:
        return job(engine, "j"), [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        (Stage("s", "t", plan_none, do), "`plan` of stage s failed: KeyError: 'nowhere'"),
        (Stage("s", "t", plan_odd, do), "A task's parameters can't be written as JSON: Object of"),
        (Stage("s", "t", plan_two, do, lock=lock), "`lock` of stage s failed: KeyError: 'nowhere'"),
    ],
)
def test_a_mistake_in_plan_or_lock_fails_the_job(
    engine: Engine, cluster: Client, tmp_path: Path, stage: Stage, error: str
) -> None:
    ended, _ = outcome(engine, cluster, tmp_path, stage)
    assert ended.status == "failed"
    assert ended.error_details.startswith(error)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (ask, "`query` of stage s failed: LookupError: no such thing"),
        (ask_odd, "The result can't be written as JSON: Object of type PosixPath is not JSON"),
    ],
)
def test_a_mistake_in_a_query_fails_its_task(
    engine: Engine,
    cluster: Client,
    tmp_path: Path,
    query: Callable[[Connection, Job], Result],
    error: str,
) -> None:
    ended, tasks = outcome(engine, cluster, tmp_path, Stage("s", "t", query=query))
    assert (ended.status, tasks[0][0]) == ("failed", "failed")
    assert tasks[0][2].startswith(error)


def test_a_result_that_is_no_json_fails_its_task_alone(
    engine: Engine, cluster: Client, tmp_path: Path
) -> None:
    _, tasks = outcome(engine, cluster, tmp_path, Stage("s", "t", plan_two, do_odd))
    assert [status for status, _, _ in tasks] == ["failed", "failed"]
    assert "Object of type set is not JSON serializable" in tasks[0][2]
    assert tasks[1][2].startswith("The result can't be written as JSON: Out of range float")


def test_a_mistake_in_record_fails_its_task_alone(
    engine: Engine, cluster: Client, tmp_path: Path
) -> None:
    stage = Stage("s", "t", plan_two, do, record=record_first)
    ended, tasks = outcome(engine, cluster, tmp_path, stage)
    assert ended.status == "completed_with_errors"
    assert tasks == [
        ("completed", {"number": 0}, None),
        ("failed", None, "`record` of stage s failed: ZeroDivisionError: by me"),
    ]


def test_what_record_returns_is_kept_instead_of_the_result(
    engine: Engine, cluster: Client, tmp_path: Path
) -> None:
    _, tasks = outcome(engine, cluster, tmp_path, Stage("s", "t", plan_two, do, record=keep_less))
    assert [result for _, result, _ in tasks] == [{"doubled": 0}, {"doubled": 2}]
