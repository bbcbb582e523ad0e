"""`pipeline new` begins one that works, `pipeline check` says what is wrong with one."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from app import main
from database.schema import install_schema
from jobs import plugin
from jobs.catalog import load_job_types
from pipelines.registry import Registry, read_pipeline
from settings import SOURCE
from tests.catalog import JOB_TYPES
from tests.factories import add_files
from tests.serving import Api
from tests.tutorial import FENCE

Command = Callable[..., Result]


def invoke(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["pipeline", *arguments], env=environment)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A folder with a new pipeline, whose module is forgotten afterwards."""
    done = invoke("new", "night_flights", "--folder", str(tmp_path / "own"))
    assert done.exit_code == 0, done.output
    yield tmp_path / "own"
    sys.modules.pop("night_flights_jobs", None)


def test_a_new_pipeline_is_one(own: Path) -> None:
    pipeline = read_pipeline(own / "night_flights.toml")
    assert (pipeline.name, pipeline.etl_type) == ("Night flights", "night_flights")
    offered = load_job_types(str(own / "night_flights_jobs.py")).keys() - JOB_TYPES.keys()
    assert set(pipeline.job_types) == offered
    assert "bronze-night-flights" in (own / "night_flights.toml").read_text()


@pytest.mark.parametrize("name", ["Survey", "1st", "a-b", "../a", "", "a" * 41])
def test_a_name_that_is_none_writes_nothing(tmp_path: Path, name: str) -> None:
    done = invoke("new", name, "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert "is not a valid pipeline name" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["survey.toml", "survey_jobs.py"])
def test_a_file_that_is_there_is_left_alone(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    done = invoke("new", "survey", "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert f"{there} already exists; nothing was written" in done.output
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(there, "mine")]


@pytest.fixture
def check(own: Path, database: str) -> Command:
    """Checks the new pipeline against a database."""
    settings = {
        "DATABASE_URL": database,
        "RUNNER": "on",
        "JOBS_MODULE": str(own / "night_flights_jobs.py"),
    }

    def command(**environment: str) -> Result:
        return invoke("check", str(own / "night_flights.toml"), **{**settings, **environment})

    return command


def edit(own: Path, old: str, new: str) -> None:
    file = own / "night_flights.toml"
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new))


def wrong(done: Result) -> list[str]:
    return [line[6:] for line in done.output.splitlines() if line.startswith("WRONG")]


def fill(engine: Engine, **metadata: Any) -> None:
    with engine.begin() as connection:
        add_files(connection, 3, metadata=metadata, etl_type="night_flights")


def test_a_pipeline_over_its_files_is_right(own: Path, check: Command, engine: Engine) -> None:
    fill(engine, folder="site-1", kind="jpg")
    done = check()
    assert (done.exit_code, wrong(done)) == (0, []), done.output
    assert "there are 3 files with etl_type 'night_flights'" in done.output
    assert "grouping 'folder' occurs, e.g. site-1" in done.output


def test_a_grouping_that_does_not_occur_is_told(own: Path, check: Command, engine: Engine) -> None:
    fill(engine, folder="site-1")
    done = check()
    assert done.exit_code == 1
    assert wrong(done) == ["grouping 'kind': no file has a value in source_metadata"]
    assert "1 of these are wrong" in done.output


def test_no_file_at_all_is_told(check: Command) -> None:
    assert wrong(check()) == ["there are 0 files with etl_type 'night_flights'"]


def test_columns_that_are_missing_are_told(own: Path, check: Command) -> None:
    edit(own, "phase1_completed_at", "flown_at")
    edit(own, 'group_key = "phase1_group_key"', 'output_field = "film"')
    edit(own, 'task_group = "image.name"', "")
    expected = "app.etl_source_files has no column film, flown_at; add or rename"
    assert expected in wrong(check())


def test_what_only_the_runner_writes_may_be_missing_where_none_runs(
    own: Path, check: Command, engine: Engine
) -> None:
    fill(engine, folder="site-1", kind="jpg")
    edit(own, 'task_group = "image.name"', 'task_group = "image.name"\noutput_field = "film"')
    assert wrong(check(RUNNER="off")) == []
    assert len(wrong(check())) == 1


def test_a_job_type_that_nobody_offers_is_told(own: Path, check: Command) -> None:
    done = wrong(check(JOBS_MODULE=""))
    assert done[0].startswith("job type 'night_flights_thumbnails' is not installed, nor in JOBS")
    assert any(
        "left to the platform" in line
        for line in check(JOBS_MODULE="", RUNNER="off").output.splitlines()
    )


def test_tasks_that_no_stage_makes_are_told(own: Path, check: Command) -> None:
    edit(own, 'task_type = "night_flights_thumbnail"', 'task_type = "other"')
    assert any(
        line.startswith("phase 'phase1': no stage has task_type 'other'") for line in wrong(check())
    )


def test_a_database_that_is_away_is_told(check: Command) -> None:
    done = check(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.exit_code == 1
    assert wrong(done)[0].startswith("the database can't be asked: ")


def test_a_database_without_the_tables_is_told(check: Command, empty_database: str) -> None:
    done = check(DATABASE_URL=empty_database)
    assert wrong(done)[0].startswith("there is no table app.etl_source_files")


def test_a_mistake_in_the_file_is_told(own: Path, check: Command) -> None:
    edit(own, "etl_type", "etl_typo")
    done = check()
    assert (done.exit_code, "etl_typo" in done.output) == (1, True)
    assert "Traceback" not in done.output


def examples(page: str, language: str) -> list[str]:
    found = FENCE.finditer((SOURCE / "docs" / page).read_text(encoding="utf-8"))
    return [match["content"] for match in found if match["language"] == language]


def test_the_reference_names_everything_that_authors_may_import() -> None:
    page = (SOURCE / "docs" / "job-types.md").read_text(encoding="utf-8")
    table = page.partition("## Everything in `jobs.plugin`")[2]
    named = {
        re.split(r"\W", name)[0]
        for row in table.splitlines()
        for name in re.findall(r"`([^`]+)`", row.split("|")[1] if "|" in row else "")
    }
    assert named == set(plugin.__all__)
    assert all(hasattr(plugin, name) for name in plugin.__all__)


def test_the_documented_registration_offers_its_type(tmp_path: Path) -> None:
    file = tmp_path / "documented_registration.py"
    file.write_text(examples("register-files.md", "python")[0])
    stages = load_job_types(str(file))["survey_register"].stages
    assert [stage.name for stage in stages] == ["find_folders", "register_files", "count_files"]


def test_the_documented_body_is_accepted(own: Path, engine: Engine) -> None:
    body = json.loads(re.search(r"-d '(.*?)'", examples("register-files.md", "sh")[0], re.S)[1])
    survey = read_pipeline(own / "night_flights.toml").model_copy(update={"id": "survey"})
    registry = Registry({"survey": survey})
    install_schema(engine, registry)
    answer = Api(engine, registry).client.post("/api/etl/files", json=body)
    assert answer.get_json() == {"pipeline": "survey", "files": 1, "written": 1}
    with engine.connect() as connection:
        query = text("SELECT phase1_group_key FROM app.etl_source_files")
        assert connection.execute(query).scalar_one() == "a"
