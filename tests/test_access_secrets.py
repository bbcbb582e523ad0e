"""What is secret in the settings is in no log, page, answer, process list, or row of a job."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from sqlalchemy import Engine, text

from access.tokens import new_token
from settings import SOURCE
from tests.monitor import PATIENCE, Monitor, free_port, launched, wait_for

MARKER = "S3cr3tMark3r"
PATHS = (
    "/",
    "/api/interface/pipeline?type=fathom",
    "/api/interface/jobs",
    "/api/etl/stats?etl_type=fathom",
    "/api/etl/pipelines",
    "/api/jobs",
    "/api/openapi.json",
    "/metrics",
    "/healthz",
    "/readyz",
    "/nothing",
)


@pytest.fixture
def role(engine: Engine) -> Iterator[str]:
    """URL of the database with a password in it."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE secretive SUPERUSER LOGIN PASSWORD '{MARKER}'")
    url = engine.url.set(username="secretive", password=MARKER)
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text("DROP OWNED BY secretive"))
        connection.execute(text("DROP ROLE secretive"))


def test_secrets_of_the_settings_stay_there(role: str, engine: Engine, tmp_path: Path) -> None:
    secret, entry = new_token("nightly", "submit")
    store = f"nosuch://KEY:{MARKER}@bucket/folder?sig={MARKER}"
    log = tmp_path / "log"
    monitor = launched(
        tmp_path / "data",
        log,
        RUNNER="on",
        DATABASE_URL=role,
        CONTAINERS=f"bronze-fathom={store}",
        API_TOKENS=entry,
        WORKERS="1",
    )
    said = ""
    try:
        wait_for(lambda: _answers(monitor))
        headers = {"Authorization": f"Bearer {secret}"}
        url = f"{monitor.url}/api/jobs/submit/inventory_fathom_container"
        submitted = requests.post(url, json={}, headers=headers, timeout=30)
        job = submitted.json()["job_id"]
        # The object store has no package, or is not there: the job fails, and says so.
        wait_for(lambda: monitor.get(f"/api/jobs/{job}").json()["status"] == "failed")
        pages = [*PATHS, f"/api/jobs/{job}", f"/api/interface/tasks?job_id={job}"]
        answers = [monitor.get(path) for path in pages]
        said = submitted.text + "".join(f"{one.headers}{one.text}" for one in answers)
        listed = "".join(" ".join(process.cmdline()) for process in psutil.process_iter())
    finally:
        monitor.process.send_signal(2)
        monitor.process.wait(PATIENCE)
    with engine.connect() as connection:
        tables = ("app.jobs", "app.tasks", "monitor.audit")
        rows = [connection.execute(text(f"SELECT t::text FROM {t} t")).all() for t in tables]
    hidden = MARKER, secret
    for place, content in {
        "answers": said,
        "log": log.read_text(),
        "process list": listed,
        "rows": str(rows),
    }.items():
        assert not [one for one in hidden if one in content], place
    assert "Container bronze-fathom is nosuch://bucket/folder" in log.read_text()


def _answers(monitor: Monitor) -> bool:
    assert monitor.process.poll() is None
    try:
        return "summary" in monitor.stats()
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("command", ["serve", "database status"])
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://secretive:{MARKER}@127.0.0.1:abc/nothing",
        f"nosuch://secretive:{MARKER}@127.0.0.1/nothing",
        f"postgresql:/secretive:{MARKER}@127.0.0.1",
        MARKER,
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(
    tmp_path: Path, command: str, url: str
) -> None:
    ended = run(tmp_path, command, DATABASE_URL=url, PORT=str(free_port()))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: DATABASE_URL")
    assert (ended.stderr.count("\n"), MARKER in ended.stderr) == (1, False)


def test_a_database_that_does_not_answer_is_told_in_one_line(tmp_path: Path) -> None:
    url = f"postgresql://secretive:{MARKER}@127.0.0.1:1/nothing"
    ended = run(tmp_path, "database status", DATABASE_URL=url)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: The database can't be used: Connection refused")
    assert (ended.stderr.count("\n"), MARKER in ended.stderr) == (1, False)


def run(folder: Path, command: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [sys.executable, str(SOURCE / "app.py"), *command.split()],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **given},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
