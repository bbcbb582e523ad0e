from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from sqlalchemy import Engine

from database.engine import open_engine
from jobs.storage import Storage
from pipelines.registry import Registry
from tests.catalog import JOB_TYPES
from tests.factories import make_platform_tables
from tests.rasters import add_tile, count_completed, walk


def test_every_job_type_of_a_submit_button_can_be_run(registry: Registry) -> None:
    offered = {
        action.job_type for pipeline in registry.values() for action in pipeline.submit_actions
    }
    assert offered == set(JOB_TYPES)


def test_every_phases_tasks_are_found_by_their_type(registry: Registry) -> None:
    for pipeline in registry.values():
        for phase in pipeline.phases:
            stages = JOB_TYPES[str(phase.job_type)].stages
            assert phase.task_type in [stage.task_type for stage in stages]


@pytest.mark.parametrize(
    ("job_type", "stages"),
    [
        (
            "inventory_fathom_container",
            ["generate_prefixes", "scan_prefix", "assign_grid_cells", "generate_summary"],
        ),
        ("process_fathom_stack", ["tile_inventory", "band_stack", "stac_register"]),
        ("process_fathom_merge", ["grid_inventory", "spatial_merge", "stac_register"]),
        ("process_raster_v2", ["validate", "create_cog", "extract_stac"]),
        ("process_large_raster_v2", ["validate", "create_cog", "extract_stac"]),
    ],
)
def test_stages_are_the_platforms(job_type: str, stages: list[str]) -> None:
    assert [stage.name for stage in JOB_TYPES[job_type].stages] == stages


def run_all(engine: Engine, storage: Storage) -> None:
    walk(engine, storage, "inventory_fathom_container")
    walk(engine, storage, "process_fathom_stack", region_code="rwa")
    walk(engine, storage, "process_fathom_merge", region_code="rwa")


def test_all_of_fathom_runs_on_the_platforms_own_tables(
    empty_database: str, tmp_path: Path
) -> None:
    make_platform_tables(open_engine(empty_database), "Asia/Kathmandu", "TIMESTAMP")
    engine = open_engine(empty_database)
    storage = Storage(str(tmp_path))
    add_tile(storage, "s02e029")
    run_all(engine, storage)
    assert (count_completed(engine, 1), count_completed(engine, 2)) == (8, 8)
    engine.dispose()


def test_all_of_fathom_runs_on_a_storage_that_is_no_folder(engine: Engine, tmp_path: Path) -> None:
    add_tile(Storage(str(tmp_path)), "s02e029")
    root = f"memory://{uuid4().hex}"
    fsspec.filesystem("memory").put(f"{tmp_path}/", f"{root}/", recursive=True)
    storage = Storage(root)
    run_all(engine, storage)
    assert storage.exists("silver-fathom", "fathom/collection.json")
    assert count_completed(engine, 2) == 8
