"""What a job type is given to do: the ready files and groups of the job's phase."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from database.schema import install_schema
from jobs.plugin import (
    Job,
    JobType,
    Scope,
    SourceFile,
    Stage,
    TaskError,
    pending_files,
    pending_groups,
    pending_scope,
    register,
)
from jobs.stages import with_entry
from pipelines.models import Pipeline
from pipelines.registry import Registry

PIPELINE = Pipeline.model_validate(
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
                "job_type": "shrink",
            },
            {
                "id": "sheet",
                "name": "Sheet",
                "completed_field": "sheeted_at",
                "job_type": "sheet",
                "group_key": "sheet",
            },
        ],
        "groupings": [{"field": "place.name", "label": "Place", "from": "source_metadata"}],
    }
)
REGISTRY = Registry({"survey": PIPELINE})


def job_of(job_type: str) -> Job:
    return with_entry(Job("j", job_type, {}, 1, {}), JobType(job_type, ()), REGISTRY)


SHRINK, SHEET = job_of("shrink"), job_of("sheet")


@pytest.fixture
def survey(engine: Engine) -> Engine:
    """Three sheets: both photos of s1 are shrunk, one of s2, none of s3."""
    install_schema(engine, REGISTRY)
    files = [
        SourceFile(f"{path}.jpg", 1, {"place": {"name": place}}, {"sheet": sheet})
        for path, place, sheet in (
            ("b", "Kigali", "s1"),
            ("a", "Kigali", "s1"),
            ("c", "Butare", "s2"),
            ("d", "Kigali", "s2"),
            ("e", "Kigali", "s3"),
        )
    ]
    with engine.begin() as connection:
        register(connection, PIPELINE, "bronze", files)
        done = """UPDATE app.etl_source_files SET shrunk_at = now(),
                  thumbnail = 'small/' || source_blob_path WHERE source_blob_path = ANY(:paths)"""
        connection.execute(text(done), {"paths": ["a.jpg", "b.jpg", "c.jpg"]})
    return engine


def complete_sheet(engine: Engine, path: str) -> None:
    with engine.begin() as connection:
        query = "UPDATE app.etl_source_files SET sheeted_at = now() WHERE source_blob_path = :path"
        connection.execute(text(query), {"path": path})


def paths(engine: Engine, job: Job, where: Any = None, *, again: bool = False) -> list[str]:
    with engine.begin() as connection:
        return [file.path for file in pending_files(connection, job, where, again=again)]


def groups(engine: Engine, where: Any = None, *, again: bool = False) -> dict[str, list[str]]:
    with engine.begin() as connection:
        found = list(pending_groups(connection, SHEET, where, again=again))
    return {group.name: group.paths for group in found}


def scope(engine: Engine, job: Job, where: Any = None, *, again: bool = False) -> Scope:
    with engine.begin() as connection:
        return pending_scope(connection, job, where, again=again)


def test_files_of_the_first_phase_are_ready_until_they_are_done(survey: Engine) -> None:
    assert paths(survey, SHRINK) == ["d.jpg", "e.jpg"]
    assert len(paths(survey, SHRINK, again=True)) == 5
    assert (scope(survey, SHRINK), scope(survey, SHRINK, again=True)) == (Scope(2, 2), Scope(5, 5))


def test_files_of_a_later_phase_are_ready_when_the_one_before_is_done(survey: Engine) -> None:
    assert paths(survey, SHEET) == ["a.jpg", "b.jpg", "c.jpg"]
    complete_sheet(survey, "b.jpg")
    assert paths(survey, SHEET) == ["a.jpg", "c.jpg"]
    assert paths(survey, SHEET, again=True) == ["a.jpg", "b.jpg", "c.jpg"]


def test_a_file_says_what_is_known_of_it(survey: Engine) -> None:
    with survey.begin() as connection:
        file = next(pending_files(connection, SHEET))
        first = next(pending_files(connection, SHRINK))
    assert (file.path, file.container, file.size) == ("a.jpg", "bronze", 1)
    assert (file.metadata, file.group) == ({"place": {"name": "Kigali"}}, "s1")
    assert (file.before, first.before, first.group) == ("small/a.jpg", None, None)


def test_a_group_is_given_whole_and_only_when_all_of_it_is_ready(survey: Engine) -> None:
    assert groups(survey) == {"s1": ["a.jpg", "b.jpg"]}
    complete_sheet(survey, "b.jpg")
    assert groups(survey) == {"s1": ["a.jpg", "b.jpg"]}
    assert scope(survey, SHEET) == Scope(1, 1)
    complete_sheet(survey, "a.jpg")
    assert groups(survey) == {}
    assert groups(survey, again=True) == {"s1": ["a.jpg", "b.jpg"]}
    assert (scope(survey, SHEET), scope(survey, SHEET, again=True)) == (Scope(0, 0), Scope(1, 2))


def test_files_are_narrowed_by_a_grouping(survey: Engine) -> None:
    assert paths(survey, SHEET, {"place.name": "Butare"}) == ["c.jpg"]
    assert paths(survey, SHEET, {"place.name": ""}) == ["a.jpg", "b.jpg", "c.jpg"]
    assert paths(survey, SHEET, {"place.name": None}) == ["a.jpg", "b.jpg", "c.jpg"]
    with pytest.raises(TaskError, match=r"^'colour' is no grouping .* one of: place\.name$"):
        paths(survey, SHEET, {"colour": "red"})


def test_a_group_of_which_a_file_is_wanted_is_given_whole(survey: Engine) -> None:
    with survey.begin() as connection:
        connection.execute(text("UPDATE app.etl_source_files SET shrunk_at = now()"))
    assert groups(survey, {"place.name": "Butare"}) == {"s2": ["c.jpg", "d.jpg"]}
    assert scope(survey, SHEET, {"place.name": "Butare"}) == Scope(1, 2)
    complete_sheet(survey, "c.jpg")
    assert groups(survey, {"place.name": "Butare"}) == {}
    assert list(groups(survey, {"place.name": "Butare"}, again=True)) == ["s2"]
    assert list(groups(survey, {"place.name": "Kigali"})) == ["s1", "s2", "s3"]


def test_groups_of_a_phase_without_a_column_for_them_are_refused(survey: Engine) -> None:
    with survey.begin() as connection, pytest.raises(TaskError, match="no `group_key`"):
        list(pending_groups(connection, SHRINK))


def test_the_phase_of_a_scope_is_that_of_the_job_type() -> None:
    job_type = JobType("sheet", (Stage("look", "look_around"),))
    assert with_entry(Job("", "sheet", {}, None, {}), job_type, REGISTRY).phase.id == "sheet"
