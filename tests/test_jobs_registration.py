"""The stages that register files: every file is registered, or named with the reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import Engine, text

from database.schema import install_schema
from jobs.plugin import FoundFile, JobType, SourceFile, Storage, TaskError, register_files
from pipelines.registry import Registry
from tests.test_jobs_phases import SURVEY
from tests.test_jobs_runner import add_job, job, running, wait_until_ended

REGISTRY = Registry(
    {"survey": SURVEY.model_copy(update={"job_types": ("scan", "shrink", "sheet")})}
)


def describe(found: FoundFile) -> SourceFile | None:
    """Photos alone; one that is empty can't be described, one has an odd description."""
    if not found.path.endswith(".jpg"):
        return None
    with found.reading() as file:
        content = file.read_text()
    if not content:
        raise TaskError(f"{found.path} is empty")
    if content == "odd":
        return SourceFile(found.path, found.size, {"height": float("nan")})
    if content == "bug":
        raise KeyError("camera")
    return SourceFile(found.path, found.size, {"camera": content}, {"small": found.path})


JOB_TYPES = {"scan": JobType("scan", register_files(describe))}


@pytest.fixture
def survey(engine: Engine) -> Engine:
    install_schema(engine, REGISTRY)
    return engine


def scan(engine: Engine, cluster: Client, folder: Path, **given: Any) -> Any:
    add_job(engine, "j", "scan", source_container="photos", **given)
    with running(engine, cluster, Storage(str(folder)), JOB_TYPES, REGISTRY):
        wait_until_ended(engine, "j")
    return job(engine, "j")


def fill(folder: Path, **files: str) -> None:
    for name, content in files.items():
        target = folder / "photos" / name.replace("__", "/").replace("_jpg", ".jpg")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


def paths(engine: Engine) -> list[tuple[str, Any, Any]]:
    query = """SELECT source_blob_path, source_metadata, photo FROM app.etl_source_files
               WHERE etl_type = 'photos' AND source_container = 'photos'
               ORDER BY source_blob_path"""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_files_of_all_folders_are_registered(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    fill(tmp_path, a_jpg="x", one__b_jpg="y", one__two__c_jpg="z", one__notes="n")
    ended = scan(survey, cluster, tmp_path)
    assert ended.status == "completed", ended.error_details
    assert paths(survey) == [
        ("a.jpg", {"camera": "x"}, "a.jpg"),
        ("one/b.jpg", {"camera": "y"}, "one/b.jpg"),
        ("one/two/c.jpg", {"camera": "z"}, "one/two/c.jpg"),
    ]
    assert ended.result_data["result"] == {
        "files": 3,
        "bytes": 3,
        "failed": 0,
        "failed_examples": [],
        "not_registered": 1,
        "not_registered_examples": ["one/notes"],
    }


def test_the_tasks_rows_keep_no_list_of_the_files(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    fill(tmp_path, one__b_jpg="y")
    scan(survey, cluster, tmp_path)
    with survey.connect() as connection:
        query = text("SELECT result_data FROM app.tasks WHERE task_type = 'register_files'")
        result = connection.execute(query).scalar_one()
    assert (result["files"], "found" in result) == (1, False)


def test_one_odd_file_keeps_no_other_one_out_and_is_named(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    fill(tmp_path, a_jpg="x", empty_jpg="", odd_jpg="odd", bug_jpg="bug")
    (tmp_path / "photos" / "new\nline.jpg").write_text("x")
    ended = scan(survey, cluster, tmp_path)
    assert ended.status == "completed"
    assert [path for path, _, _ in paths(survey)] == ["a.jpg"]
    result = ended.result_data["result"]
    assert (result["files"], result["failed"]) == (1, 4)
    *others, odd = result["failed_examples"]
    assert others == [
        "bug.jpg: KeyError: 'camera'",
        "empty.jpg: empty.jpg is empty",
        "new\\nline.jpg: the name has characters that can't be printed; rename it",
    ]
    assert odd.startswith("odd.jpg: its description can't be written as JSON: Out of range float")


def test_names_that_are_no_text_keep_no_other_file_out_and_are_named(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    fill(tmp_path, a_jpg="x", one__b_jpg="y")
    (tmp_path / "photos" / "one" / os.fsdecode(b"caf\xe9.jpg")).write_text("z")
    (tmp_path / "photos" / os.fsdecode(b"caf\xe9" + b"e" * 240 + b".jpg")).write_text("z")
    odd = tmp_path / "photos" / os.fsdecode(b"\xe9t\xe9")
    odd.mkdir()
    (odd / "c.jpg").write_text("z")
    ended = scan(survey, cluster, tmp_path)
    assert ended.status == "completed", ended.error_details
    assert [path for path, _, _ in paths(survey)] == ["a.jpg", "one/b.jpg"]
    result = ended.result_data["result"]
    assert (result["files"], result["failed"]) == (2, 3)
    names = [example.partition(":")[0] for example in result["failed_examples"]]
    assert sorted(name[:12] for name in names) == [
        "\\udce9t\\udce",
        "caf\\udce9eee",
        "one/caf\\udce",
    ]


def test_only_what_is_below_the_prefix_is_registered(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    fill(tmp_path, a_jpg="x", one__b_jpg="y", oneandmore__c_jpg="z")
    scan(survey, cluster, tmp_path, prefix="/one/")
    assert [path for path, _, _ in paths(survey)] == ["one/b.jpg"]


def test_a_container_without_files_is_an_error(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    (tmp_path / "photos" / "empty").mkdir(parents=True)
    ended = scan(survey, cluster, tmp_path)
    assert ended.status == "failed"
    assert "photos/ has no files" in ended.error_details


def test_a_second_scan_writes_what_is_new_alone(
    survey: Engine, cluster: Client, tmp_path: Path
) -> None:
    fill(tmp_path, a_jpg="x")
    scan(survey, cluster, tmp_path)
    with survey.begin() as connection:
        connection.execute(text("UPDATE app.etl_source_files SET updated_at = 'epoch'"))
        connection.execute(text("DELETE FROM app.tasks"))
        connection.execute(text("DELETE FROM app.jobs"))
    fill(tmp_path, b_jpg="y")
    scan(survey, cluster, tmp_path)
    with survey.connect() as connection:
        query = text("SELECT count(*) FROM app.etl_source_files WHERE updated_at > 'epoch'")
        assert connection.execute(query).scalar_one() == 1
