"""A task says from inside how far it is: the runner writes it down, page and API show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Connection, Engine, text

from jobs.progress import Progress, listening, report_progress
from jobs.stages import Job, JobType, Parameters, Result, Stage, TaskError
from jobs.storage import Storage
from layouts.lists import Size
from layouts.tasks import task_values
from pipelines.registry import Registry
from queries.tasks import TaskQuery, tasks
from tests.factories import add_job as add_job_row
from tests.factories import add_task
from tests.monitor import wait_for
from tests.test_jobs_runner import add_job, job, running, wait_until_ended
from tests.toy_jobs import _wait_for


def plan(_connection: Connection, _job: Job) -> Iterator[Parameters]:
    yield {"number": 0}


def measure(_parameters: Parameters, storage: Storage) -> Result:
    report_progress(12.4, "reading\0 the\nfirst band")
    _wait_for(Path(storage.place("first")))
    report_progress(250, "almost done")
    _wait_for(Path(storage.place("second")))
    report_progress(message="closing")
    _wait_for(Path(storage.place("third")))
    if Path(storage.place("broken")).exists():
        raise TaskError("it broke")
    return {"ok": True}


JOB_TYPES = {"measure": JobType("measure", (Stage("measure", "measure_one", plan, measure),))}


def progress(engine: Engine) -> Any:
    with engine.connect() as connection:
        query = text("SELECT metadata -> 'progress' FROM app.tasks")
        return connection.execute(query).scalar()


@pytest.mark.parametrize("broken", [False, True])
def test_what_a_task_reports_is_in_its_row_while_it_runs_and_no_longer(
    engine: Engine, cluster: Client, tmp_path: Path, broken: bool
) -> None:
    storage = Storage(str(tmp_path))
    if broken:
        Path(storage.place("broken")).touch()
    add_job(engine, "j", "measure")
    with running(engine, cluster, storage, JOB_TYPES, Registry({})):
        first = {"percent": 12.4, "message": "reading the first band"}
        wait_for(lambda: progress(engine) == first, 20)
        Path(storage.place("first")).touch()
        wait_for(lambda: progress(engine) == {"percent": 100, "message": "almost done"}, 20)
        Path(storage.place("second")).touch()
        wait_for(lambda: progress(engine) == {"percent": None, "message": "closing"}, 20)
        Path(storage.place("third")).touch()
        wait_until_ended(engine, "j")
    assert progress(engine) is None
    assert job(engine, "j").status == ("failed" if broken else "completed")


def test_a_task_that_is_done_again_begins_without_the_progress_of_before(
    engine: Engine, cluster: Client, tmp_path: Path
) -> None:
    storage = Storage(str(tmp_path))
    add_job(engine, "j", "measure")
    with running(engine, cluster, storage, JOB_TYPES, Registry({})) as runner:
        wait_for(lambda: progress(engine) is not None, 20)
        runner.stop()
        Path(storage.place("first")).touch()
        wait_for(lambda: job(engine, "j").status == "queued", 20)
    assert progress(engine) is None
    for name in ("second", "third"):
        Path(storage.place(name)).touch()


@pytest.mark.parametrize(
    ("status", "metadata", "seen"),
    [
        ("processing", {"progress": {"percent": 12.4, "message": "<b>"}}, "12.4% · <b>"),
        ("processing", {"progress": {"percent": 100, "message": ""}}, "100.0%"),
        ("processing", {"progress": {"percent": None, "message": "closing"}}, "closing"),
        ("processing", {"progress": {"percent": 1e300}}, ""),
        ("processing", {"progress": "half"}, ""),
        ("processing", {}, ""),
        ("processing", None, ""),
        ("cancelled", {"progress": {"percent": 12.4, "message": "left"}}, ""),
    ],
)
def test_the_page_shows_it_while_the_task_is_at_work(
    platform: Engine, status: str, metadata: Any, seen: str
) -> None:
    with platform.begin() as connection:
        add_task(connection, add_job_row(connection, "j"), "a", status, metadata=metadata)
        page = tasks(connection, TaskQuery("j"))
    values = task_values(page.rows, Size(page.total, page.exact), {}, "")
    assert [row["progress_percent"] for row in values.rows["tasks"]] == [seen]


@pytest.mark.parametrize("percent", [float("nan"), float("inf"), None])
def test_a_percent_that_is_no_number_counts_as_none(percent: float | None) -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        report_progress(percent, "x" * 300)
        report_progress(-1)
    assert heard == [Progress(None, "x" * 200), Progress(0.0, "")]


def test_a_message_with_half_a_character_can_be_written() -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        report_progress(1, "caf\udce9.jpg")
    assert heard == [Progress(1.0, "caf\\udce9.jpg")]


def test_outside_a_worker_a_report_does_nothing() -> None:
    report_progress(50, "half")
