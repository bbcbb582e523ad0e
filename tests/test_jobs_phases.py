"""A phase's columns, and where its tasks name their group, are what its registry entry says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Connection, Engine, text

from database.schema import install_schema
from jobs.source_files import SourceFile, complete, register
from jobs.stages import Job, JobType, Parameters, Result, Stage, Task, TaskError, with_entry
from jobs.storage import Storage
from pipelines.models import Pipeline
from pipelines.registry import Registry
from tests.test_jobs_runner import add_job, job, running, wait_until_ended

SURVEY = Pipeline.model_validate(
    {
        "id": "survey",
        "name": "Survey",
        "etl_type": "photos",
        "job_types": ["shrink", "sheet"],
        "phases": [
            {
                "id": "small",
                "name": "Shrink",
                "completed_field": "shrunk_at",
                "output_field": "thumbnail",
                "job_field": "shrunk_by",
                "job_type": "shrink",
                "task_type": "shrink_one",
                "group_key": "photo",
                "task_group": "work.on.name",
            },
            {"id": "sheet", "name": "Sheet", "completed_field": "sheeted_at", "job_type": "sheet"},
        ],
    }
)
REGISTRY = Registry({"survey": SURVEY})


def plan(_connection: Connection, _job: Job) -> Iterator[Parameters]:
    for name in ("a", "b"):
        yield {"work": {"on": {"name": f"photo {name}"}}, "path": f"{name}.jpg"}


def shrink(parameters: Parameters, _storage: Storage) -> Result:
    if parameters["path"] == "b.jpg":
        raise TaskError("it is black")
    return {"output": f"small/{parameters['path']}"}


def record(connection: Connection, job: Job, task: Task, result: Result) -> None:
    path, name = task.parameters["path"], task.parameters["work"]["on"]["name"]
    complete(connection, job, [path], output=result["output"], group=name)


JOB_TYPES = {
    "shrink": JobType("shrink", (Stage("shrink", "shrink_one", plan, shrink, record=record),))
}


@pytest.fixture
def survey(engine: Engine) -> Engine:
    """A database with the columns that the survey's phases name."""
    install_schema(engine, REGISTRY)
    return engine


def add(engine: Engine, *files: SourceFile, pipeline: Pipeline = SURVEY) -> int:
    with engine.begin() as connection:
        return register(connection, pipeline, "bronze-survey", files)


def rows(engine: Engine, columns: str) -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM app.etl_source_files ORDER BY source_blob_path"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_task_writes_the_columns_that_its_phase_names(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    files = [SourceFile(f"{name}.jpg", 1, {}, {"small": f"photo {name}"}) for name in "ab"]
    add(survey, *files)
    add_job(survey, "j", "shrink")
    with running(survey, cluster, Storage(str(tmp_path)), JOB_TYPES, REGISTRY):
        wait_until_ended(survey, "j")
    found = rows(survey, "photo, thumbnail, shrunk_by, shrunk_at IS NOT NULL, sheeted_at")
    assert found == [
        ("photo a", "small/a.jpg", "j", True, None),
        ("photo b", None, None, False, None),
    ]
    assert job(survey, "j").error_details == "1 task failed: photo b: it is black"


def test_a_group_comes_by_its_phase_and_one_that_is_there_stays(survey: Engine) -> None:
    assert add(survey, SourceFile("a.jpg", 1)) == 1
    assert add(survey, SourceFile("a.jpg", 1, {}, {"small": "first"})) == 1
    assert add(survey, SourceFile("a.jpg", 1, {}, {"small": "second"})) == 0
    assert rows(survey, "photo") == [("first",)]


def test_of_a_path_that_is_named_twice_the_last_one_counts(survey: Engine) -> None:
    assert add(survey, SourceFile("a.jpg", 1), SourceFile("a.jpg", 2)) == 1
    assert rows(survey, "file_size_bytes") == [(2,)]


def test_a_group_of_an_unknown_phase_is_refused_and_nothing_is_written(survey: Engine) -> None:
    with pytest.raises(TaskError, match=r"a\.jpg has a group of phase 'sheet'; .* are: small$"):
        add(survey, SourceFile("b.jpg", 1), SourceFile("a.jpg", 1, {}, {"sheet": "x"}))
    assert rows(survey, "photo") == []


def test_two_phases_may_have_their_groups_in_one_column(survey: Engine) -> None:
    both = SURVEY.model_copy(
        update={"phases": [p.model_copy(update={"group_key": "photo"}) for p in SURVEY.phases]}
    )
    add(survey, SourceFile("a.jpg", 1, {}, {"sheet": "two"}), pipeline=both)
    add(survey, SourceFile("b.jpg", 1, {}, {"sheet": "two", "small": "one"}), pipeline=both)
    assert rows(survey, "photo") == [("two",), ("one",)]


def entry_of(job_type: JobType, stage: int | None, registry: Registry = REGISTRY) -> Job:
    return with_entry(Job("", job_type.name, {}, stage, {}), job_type, registry)


def test_a_jobs_phase_is_that_of_its_stages_tasks_or_else_of_its_type() -> None:
    begin, work = Stage("begin", "look_around"), Stage("shrink", "shrink_one")
    other = Stage("sheet", "one_sheet")
    small, sheet = SURVEY.phases
    named = sheet.model_copy(update={"task_type": "one_sheet"})
    registry = Registry({"survey": SURVEY.model_copy(update={"phases": (small, named)})})
    job_type = JobType("shrink", (begin, work, other))
    phases = [entry_of(job_type, number, registry).phase.id for number in (1, 2, 3, None)]
    assert phases == ["small", "small", "sheet", "small"]
    assert entry_of(JobType("sheet", (begin,)), 1).phase.id == "sheet"


def test_what_the_registry_does_not_say_is_told() -> None:
    with pytest.raises(TaskError, match=r"^No pipeline lists job type 'other'; add it"):
        _ = entry_of(JobType("other", ()), 1).pipeline
    inventory = Registry(
        {"survey": SURVEY.model_copy(update={"job_types": ("list",), "phases": SURVEY.phases[:1]})}
    )
    with pytest.raises(TaskError, match=r"^No phase of pipeline 'survey' is done by job type"):
        _ = entry_of(JobType("list", (Stage("list", "list_all"),)), 1, inventory).phase
