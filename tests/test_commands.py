"""The command line, as a person uses it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from commands.settings_help import settings_table
from jobs.runner_queue import queue_job
from pipelines.registry import Registry
from settings import SOURCE, Settings
from tests.catalog import JOB_TYPES
from tests.monitor import free_port


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SOURCE / "app.py"), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_setting_and_command() -> None:
    displayed = run("--help").stdout
    assert all(f"    {name.upper()} " in displayed for name in Settings.model_fields)
    assert all(f"\n  {name} " in displayed for name in ("run", "serve", "runner", "sample"))


def test_the_readmes_settings_are_current() -> None:
    assert settings_table() in (SOURCE / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_described() -> None:
    assert all(setting.description for setting in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PORT": "eighty"}, "PORT: Input should be a valid integer"),
        ({"RUNNER": "maybe"}, "RUNNER: Input should be 'auto', 'on' or 'off'"),
        ({"PIPELINES_DIR": "/nowhere"}, "PIPELINES_DIR /nowhere: expected a folder"),
        ({"STALE_SECONDS": "5"}, "STALE_SECONDS is now called JOB_LEASE_SECONDS"),
        ({"BRONZE": "/data"}, "BRONZE is now called FATHOM_SOURCE"),
        ({"RASTERS": "/data"}, "RASTERS is now called RASTER_SOURCE"),
        ({"JOB_LEASE_SECONDS": "0.5"}, "JOB_LEASE_SECONDS: Input should be greater than or equal"),
        ({"DATABASE_URL": "mysql://localhost/x", "RUNNER": "on"}, "expected postgresql://"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(environment: dict[str, str], message: str) -> None:
    ended = run("runner", **environment)
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["runner", "serve", "jobs cancel x", "jobs rerun x"])
def test_a_wrong_file_of_job_types_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    ended = run(
        *command.split(), JOBS_MODULE="/nowhere.py", DATA_DIR=str(tmp_path), PORT=str(free_port())
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "Error: JOBS_MODULE (/nowhere.py) is not a file"
    assert "Traceback" not in ended.stderr


def test_an_option_of_an_old_name_tells_the_new_one() -> None:
    assert "--bronze is now called --fathom-source" in run("--bronze", "/data").stderr


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("serve", PORT=port, DATA_DIR=str(tmp_path))
    assert ended.returncode == 1
    assert f"Can't serve on http://127.0.0.1:{port}" in ended.stderr


def test_options_before_a_command_count() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f":{port}" in run("--port", port, "serve").stderr


def test_each_source_of_files_has_a_workspace_of_its_own(tmp_path: Path) -> None:
    sample = Settings(data_dir=tmp_path)
    own = Settings(data_dir=tmp_path, fathom_source="/mnt/FATHOM data/")
    assert sample.workspace == tmp_path
    assert own.workspace.parent == tmp_path
    assert own.workspace.name.startswith("mnt-fathom-data-")
    assert own.places == {"bronze-fathom": "/mnt/FATHOM data/"}


def test_containers_may_lie_elsewhere() -> None:
    own = Settings(containers="bronze-survey=/data/photos, silver=s3://bucket/x?a=b ,")
    assert own.places == {"bronze-survey": "/data/photos", "silver": "s3://bucket/x?a=b"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("photos", "'photos': expected name=folder or name=URL"),
        ("=/data", "'=/data': expected"),
        ("photos=", "'photos=': expected"),
        ("photos=/a,photos=/b", "container 'photos' is given twice"),
    ],
)
def test_containers_that_make_no_sense_stop_the_start(given: str, error: str) -> None:
    ended = run("serve", CONTAINERS=given)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: CONTAINERS: {error}")


def test_without_the_built_in_pipelines_there_is_no_sample() -> None:
    assert Settings().wants_sample
    assert not Settings(built_in=False).wants_sample


def test_a_database_of_ones_own_has_no_runner_unless_asked_for() -> None:
    url = "postgresql://platform/geo"
    assert Settings().runs_jobs
    assert not Settings(database_url=url).runs_jobs
    assert Settings(database_url=url, runner="on").runs_jobs
    assert not Settings(platform_url="https://platform").runs_jobs


def test_jobs_are_cancelled_and_run_again_from_a_terminal(
    engine: Engine, database: str, registry: Registry
) -> None:
    with engine.begin() as connection:
        job_id = queue_job(connection, JOB_TYPES["inventory_fathom_container"], {}).job_id
    given = {"DATABASE_URL": database, "RUNNER": "on"}
    assert run("jobs", "cancel", job_id, **given).stdout.startswith(f"{job_id}: cancelled; 0 of 0")
    assert run("jobs", "rerun", job_id, **given).stdout.startswith(f"{job_id}: queued; 0 tasks")
    refused = run("jobs", "rerun", job_id, "--from-start", **given)
    assert (refused.returncode, "only a job that has ended" in refused.stderr) == (1, True)
    missing = run("jobs", "cancel", "none", **given)
    assert (missing.returncode, missing.stderr) == (1, "Error: There is no job 'none'\n")
