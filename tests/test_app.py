"""The whole program: first start, Ctrl-C, second start, and a database that goes away."""

from __future__ import annotations

import shutil
import signal
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.monitor import Monitor, launched, lives, started, wait_for

FILES, RWA_DONE = 3536, 1856


@pytest.fixture(scope="module")
def folder(sample: Path, short_folder: Path) -> Path:
    """A data folder with the sample in it."""
    folder = short_folder / "data"
    shutil.copytree(sample, folder / "files")
    return folder


def test_a_first_start_scans_both_regions_and_stacks_one(folder: Path) -> None:
    with started(folder) as monitor:
        wait_for(lambda: _done(monitor), 90)
        stats = monitor.stats()
        assert stats["summary"]["total_files"] == FILES
        assert stats["phases"]["phase1"]["completed"] == RWA_DONE
        assert stats["phases"]["phase1"]["failed"] == 16
        assert monitor.stats(region="RWA")["summary"]["total_files"] == 1872


def _done(monitor: Monitor) -> bool:
    answer = monitor.get("/api/etl/stats?etl_type=fathom")
    if answer.status_code != 200 or answer.json()["active_jobs"]:
        return False
    return bool(answer.json()["phases"]["phase1"]["completed"])


def test_the_statistics_have_every_key_of_the_design(monitor: Monitor) -> None:
    stats = monitor.stats()
    top = "etl_type pipeline summary phases by_grouping active_jobs processing_rate timestamp"
    assert set(top.split()) <= stats.keys()
    assert {"total_files", "total_size_bytes", "total_size_formatted"} <= stats["summary"].keys()
    first, second = stats["phases"]["phase1"], stats["phases"]["phase2"]
    assert {"name", "pending", "completed", "failed", "percent_complete"} <= first.keys()
    assert {"name", "eligible", "completed", "failed", "percent_complete"} <= second.keys()
    assert set(stats["by_grouping"]) == {"region", "flood_type", "defense", "year"}
    assert {"total", "phase1_done", "phase2_done"} == stats["by_grouping"]["region"]["rwa"].keys()
    rates = {"phase1_per_hour", "phase2_per_hour", "eta_hours"}
    assert rates == stats["processing_rate"].keys()
    assert stats["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("etl_type=nothing", 404, "expected one of: fathom, raster_v2"),
        ("", 400, "expected one of"),
        ("etl_type=fathom&colour=red", 400, "'colour' is no grouping"),
    ],
)
def test_a_wrong_question_gets_problem_details(
    monitor: Monitor, query: str, status: int, words: str
) -> None:
    answer = monitor.get(f"/api/etl/stats?{query}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_ctrl_c_leaves_nothing_running_and_the_next_start_makes_nothing_anew(
    folder: Path,
) -> None:
    with started(folder) as monitor:
        wait_for(lambda: _registered(monitor) == FILES)
        family = monitor.family()
        assert len(family) >= 6
    assert not [process for process in family if lives(process)]
    assert not _postgres_of(folder)
    before = _made(folder)
    with started(folder) as monitor:
        assert monitor.get("/healthz").json() == {"status": "ok"}
        wait_for(lambda: _registered(monitor) is not None)
        assert _registered(monitor) == FILES
    assert _made(folder) == before


def _registered(monitor: Monitor) -> int | None:
    """Files of pipeline fathom, None before they were counted."""
    answer = monitor.get("/api/etl/stats?etl_type=fathom")
    return answer.json()["summary"]["total_files"] if answer.status_code == 200 else None


def _made(folder: Path) -> dict[Path, int]:
    """When what a first start makes was written: the sample, and the database's folder."""
    sample = (file for file in (folder / "files" / "bronze-fathom").rglob("*") if file.is_file())
    return {file: file.stat().st_mtime_ns for file in (*sample, folder / "postgres/PG_VERSION")}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_its_database_starts_it_leaves_nothing_running(
    sample: Path, stop: signal.Signals
) -> None:
    with tempfile.TemporaryDirectory(prefix="pm-") as name:
        folder = Path(name)
        process = launched(folder, FATHOM_SOURCE=str(sample / "bronze-fathom")).process
        wait_for(lambda: any(folder.rglob("postmaster.pid")))
        process.send_signal(stop)
        process.wait(90)
        (database,) = folder.glob("*/postgres")
        assert not _postgres_of(database.parent)


def test_a_killed_supervisor_takes_everything_with_it(folder: Path) -> None:
    with started(folder) as monitor:
        wait_for(lambda: len(monitor.family()) >= 6)
        family = monitor.family()
        monitor.process.send_signal(signal.SIGKILL)
        wait_for(lambda: not any(lives(process) for process in family))
        wait_for(lambda: not _postgres_of(folder))


def _postgres_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(folder / "postgres") in (process.info["cmdline"] or [])
    ]


def test_a_runner_that_ends_is_started_again(folder: Path) -> None:
    with started(folder) as monitor:
        wait_for(lambda: bool(monitor.runners()))
        (first,) = monitor.runners()
        first.kill()
        wait_for(lambda: bool(monitor.runners()) and monitor.runners() != [first])
