"""What a job would do, asked before it is submitted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, text

from jobs import runner_queue
from jobs.runner_queue import RunnerQueue
from jobs.stages import Job, JobType, Scope
from jobs.storage import Storage
from jobs.submission import NoDestination, Submitter
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry
from tests.catalog import JOB_TYPES, STORAGE
from tests.factories import add_files
from tests.rasters import BASELINE, FUTURE, add_tile, walk, write_raster
from tests.test_jobs_rerun import everything

INVENTORY, STACK, MERGE = (
    "inventory_fathom_container",
    "process_fathom_stack",
    "process_fathom_merge",
)
RASTERS, LARGE = "process_raster_v2", "process_large_raster_v2"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@pytest.fixture
def submitter(engine: Engine, registry: Registry) -> Submitter:
    return Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE))


@pytest.fixture
def two_tiles(engine: Engine, storage: Storage) -> Storage:
    """Two tiles of two scenarios each, of which nothing is stacked: four groups of eight files."""
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    add_tile(storage, "s02e030", BASELINE, FUTURE)
    walk(engine, storage, INVENTORY)
    return storage


def counted(submitter: Submitter, job_type: str, **given: Any) -> tuple[int | None, int | None]:
    scope = submitter.preview(job_type, {"region_code": "rwa", **given}).scope
    return scope.groups, scope.files


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        ({}, 4),
        ({"region_code": "RWA"}, 4),
        ({"flood_types": ["pluvial"]}, 2),
        ({"years": [2020]}, 2),
        ({"ssp_scenarios": ["ssp585"]}, 2),
        ({"years": [2020], "ssp_scenarios": ["ssp585"]}, 0),
        ({"bbox": [29.5, -1.5, 29.6, -1.4]}, 2),
        ({"bbox": [31, -5, 32, 0]}, 0),
    ],
)
def test_phase_1_is_previewed_as_it_will_be_planned(
    engine: Engine,
    submitter: Submitter,
    two_tiles: Storage,
    given: dict[str, Any],
    groups: int,
) -> None:
    assert counted(submitter, STACK, **given) == (groups, groups * 8)
    walked = walk(engine, two_tiles, STACK, **{"region_code": "rwa", **given})
    assert len(walked["band_stack"].tasks) == groups


def test_what_is_completed_is_counted_by_force_alone(
    engine: Engine, submitter: Submitter, two_tiles: Storage
) -> None:
    walk(engine, two_tiles, STACK, region_code="rwa", years=[2020])
    assert counted(submitter, STACK) == (2, 16)
    assert counted(submitter, STACK, force_reprocess=True) == (4, 32)
    assert counted(submitter, MERGE) == (1, 16)
    walk(engine, two_tiles, MERGE, region_code="rwa")
    assert counted(submitter, MERGE) == (0, 0)
    assert counted(submitter, MERGE, force_reprocess=True) == (1, 16)


def test_phase_2_is_previewed_in_the_cells_of_its_own_grid(
    engine: Engine, submitter: Submitter, two_tiles: Storage
) -> None:
    assert counted(submitter, MERGE) == (0, 0)
    walk(engine, two_tiles, STACK, region_code="rwa")
    assert counted(submitter, MERGE, grid_size=4) == (2, 32)
    assert counted(submitter, MERGE, grid_size=2) == (4, 32)
    assert counted(submitter, MERGE, grid_size=2, bbox=[29.5, -1.5, 29.6, -1.4]) == (2, 16)


@pytest.mark.parametrize("job_type", [STACK, MERGE])
def test_a_dry_run_and_a_region_without_files_are_told(
    submitter: Submitter, two_tiles: Storage, job_type: str
) -> None:
    dry = submitter.preview(job_type, {"region_code": "rwa", "dry_run": True})
    assert dry.scope == Scope(note="A dry run counts the groups, and does nothing.")
    unknown = submitter.preview(job_type, {"region_code": "civ"}).scope
    assert unknown.groups is None
    assert "run the inventory with base_prefix=civ first. Known regions: rwa" in unknown.note


def test_an_inventory_says_what_it_lists_and_that_nobody_knows_more(submitter: Submitter) -> None:
    scope = submitter.preview(INVENTORY, {"base_prefix": "rwa/"}).scope
    assert (scope.groups, scope.files) == (None, None)
    assert "lists bronze-fathom/rwa: how many files there are is known afterwards" in scope.note
    whole = submitter.preview(INVENTORY, {}).scope
    assert whole.note.startswith("The job lists bronze-fathom: how many files")


def test_rasters_are_counted_by_size_and_new_ones_come_on_top(
    engine: Engine, submitter: Submitter, storage: Storage
) -> None:
    for name in ("a/one.tif", "a/two.tif", "b/three.tif"):
        write_raster(Path(storage.place("bronze-rasters")) / name, np.zeros((1, 8, 8), "uint8"))
    walk(engine, storage, RASTERS)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE app.etl_source_files SET phase1_completed_at = NULL,"
                " file_size_bytes = CASE WHEN source_blob_path = 'a/one.tif' THEN 2000000 END"
            )
        )
    sizes = {"large_file_mb": 2}
    small, large = (submitter.preview(kind, sizes).scope for kind in (RASTERS, LARGE))
    assert (small.groups, small.files, large.groups) == (2, 2, 1)
    assert "not registered yet come on top" in small.note
    assert submitter.preview(RASTERS, {**sizes, "prefix": "b"}).scope.groups == 1


def test_a_preview_changes_nothing(
    engine: Engine, submitter: Submitter, two_tiles: Storage
) -> None:
    before = everything(engine)
    for job_type in (INVENTORY, STACK, MERGE):
        given = {} if job_type == INVENTORY else {"region_code": "rwa"}
        submitter.preview(job_type, given)
    assert everything(engine) == before


def test_the_same_job_is_found_with_its_status(engine: Engine, submitter: Submitter) -> None:
    given = {"region_code": "rwa"}
    assert submitter.preview(STACK, given).existing is None
    job_id = submitter.submit(STACK, given).job_id
    existing = submitter.preview(STACK, {"region_code": " rwa"}).existing
    assert existing is not None
    assert (existing.job_id, existing.status, existing.again) == (job_id, "queued", False)
    assert submitter.preview(STACK, {"region_code": "civ"}).existing is None


@pytest.mark.parametrize(
    ("status", "marks", "again"),
    [
        ("failed", '{"executor": "pipeline-monitor"}', True),
        ("completed_with_errors", '{"executor": "pipeline-monitor"}', True),
        ("completed", '{"executor": "pipeline-monitor"}', False),
        ("failed", None, False),
    ],
)
def test_a_failed_job_of_the_runner_can_be_run_again(
    engine: Engine, submitter: Submitter, status: str, marks: str | None, again: bool
) -> None:
    submitter.submit(STACK, {"region_code": "rwa"})
    with engine.begin() as connection:
        values = {"status": status, "marks": marks}
        update = "UPDATE app.jobs SET status = :status, metadata = CAST(:marks AS jsonb)"
        connection.execute(text(update), values)
    existing = submitter.preview(STACK, {"region_code": "rwa"}).existing
    assert existing is not None
    assert (existing.status, existing.again) == (status, again)


def test_what_takes_too_long_to_count_is_given_up(
    engine: Engine, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(connection: Connection, _: Job) -> Scope:
        return Scope(connection.execute(text("SELECT 1 FROM pg_sleep(20)")).scalar_one())

    monkeypatch.setattr(runner_queue, "PREVIEW_SECONDS", 0.2)
    kind = JobType(STACK, JOB_TYPES[STACK].stages, slow)
    submitter = Submitter(registry, RunnerQueue(engine, {STACK: kind}, registry, STORAGE))
    submitter.submit(STACK, {"region_code": "rwa"})
    preview = submitter.preview(STACK, {"region_code": "rwa"})
    assert preview.scope == Scope(
        note="Counting was cancelled after 0.2 seconds; the job counts for itself."
    )
    assert preview.existing is not None


def test_a_few_count_at_once_and_the_others_are_not_kept_waiting(
    engine: Engine, registry: Registry
) -> None:
    begun, enough = Semaphore(0), Event()

    def slow(_connection: Connection, _: Job) -> Scope:
        begun.release()
        enough.wait(90)
        return Scope(1, 8)

    kind = JobType(STACK, JOB_TYPES[STACK].stages, slow)
    submitter = Submitter(registry, RunnerQueue(engine, {STACK: kind}, registry, STORAGE))
    with ThreadPoolExecutor(runner_queue.PREVIEWS_AT_ONCE) as people:
        waiting = [
            people.submit(submitter.preview, STACK, {"region_code": "rwa"})
            for _ in range(runner_queue.PREVIEWS_AT_ONCE)
        ]
        for _ in waiting:
            assert begun.acquire(timeout=60)
        assert (
            "counting for other forms" in submitter.preview(STACK, {"region_code": "r"}).scope.note
        )
        enough.set()
        assert {one.result().scope.groups for one in waiting} == {1}
    assert submitter.preview(STACK, {"region_code": "rwa"}).scope.groups == 1


def test_wrong_parameters_are_told_as_in_a_submission(submitter: Submitter) -> None:
    with pytest.raises(ParameterErrors, match="region_code: is required"):
        submitter.preview(STACK, {})


def test_where_nobody_runs_jobs_the_preview_says_so(registry: Registry) -> None:
    preview = NoDestination().preview(STACK, {})
    assert "PLATFORM_URL" in preview.scope.note


def test_the_platforms_tables_are_counted_too(platform: Engine, registry: Registry) -> None:
    metadata = {
        "region": "rwa",
        "flood_type": "fluvial",
        "defense": "defended",
        "year": 2020,
        "tile": "s02e029",
    }
    with platform.begin() as connection:
        add_files(connection, 8, metadata=metadata, group="g1")
        add_files(connection, 8, metadata=metadata, group="g2", phase1="1 hour")
        add_files(connection, 1, metadata=None)
    submitter = Submitter(registry, RunnerQueue(platform, JOB_TYPES, registry, STORAGE))
    assert counted(submitter, STACK) == (1, 8)
    assert counted(submitter, MERGE) == (1, 8)
