from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pystac.validation
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate
from sqlalchemy import Engine, text

from jobs.fathom.naming import NODATA, RETURN_PERIODS
from jobs.storage import Storage
from tests.rasters import (
    BASELINE,
    FUTURE,
    PIXELS,
    add_tile,
    count_completed,
    read_pixels,
    source_path,
    truncate,
    walk,
)

INVENTORY, STACK, MERGE = (
    "inventory_fathom_container",
    "process_fathom_stack",
    "process_fathom_merge",
)
CELL = "fluvial-defended-2020-s04-n00_e028-e032"
OUTPUT = f"fathom/rwa/{CELL}.tif"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def stacked(engine: Engine, storage: Storage, region: str = "rwa") -> None:
    walk(engine, storage, INVENTORY, base_prefix=region)
    walk(engine, storage, STACK, region_code=region)


def stack_of(storage: Storage, tile: str) -> Any:
    path = f"fathom-stacked/rwa/{tile}/{tile}_fluvial-defended_2020.tif"
    return read_pixels(storage, "silver-fathom", path)


def test_phase_2_has_phase_1s_pixels_at_their_place_and_nothing_else(
    engine: Engine, storage: Storage
) -> None:
    for tile in ("s02e028", "s02e030", "s03e029"):
        add_tile(storage, tile)
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa")
    merged = read_pixels(storage, "silver-fathom", OUTPUT)
    assert merged.shape == (8, 2 * PIXELS, 3 * PIXELS)
    expected = np.full_like(merged, NODATA)
    for tile, row, column in (("s02e028", 0, 0), ("s02e030", 0, 2), ("s03e029", 1, 1)):
        rows = slice(row * PIXELS, (row + 1) * PIXELS)
        columns = slice(column * PIXELS, (column + 1) * PIXELS)
        expected[:, rows, columns] = stack_of(storage, tile)
    assert np.array_equal(merged, expected)


def test_the_merged_raster_lies_where_its_tiles_lie(engine: Engine, storage: Storage) -> None:
    for tile in ("s02e028", "s03e029"):
        add_tile(storage, tile, pixels=300)
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa")
    file = Path(storage.root, "silver-fathom", OUTPUT)
    with rasterio.open(file) as raster:
        assert [round(edge, 9) for edge in raster.bounds] == [28, -3, 30, -1]
        assert (raster.descriptions, raster.nodata) == (RETURN_PERIODS, NODATA)
        assert raster.overviews(1)
    assert cog_validate(file, strict=True, quiet=True) == (True, [], [])


def test_files_are_marked_merged_with_the_cell_they_are_in(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    add_tile(storage, "s02e030")
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa")
    query = """
        SELECT phase2_group_key, phase2_output_blob, source_metadata ->> 'grid_cell', count(*)
        FROM app.etl_source_files WHERE phase2_completed_at IS NOT NULL GROUP BY 1, 2, 3
    """
    with engine.begin() as connection:
        assert connection.execute(text(query)).all() == [(CELL, OUTPUT, "s04-n00_e028-e032", 16)]


def test_an_inventory_of_another_grid_during_a_merge_loses_nothing(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa", dry_run=True)
    walk(engine, storage, INVENTORY, grid_size=7)
    walk(engine, storage, MERGE, region_code="rwa")
    walk(engine, storage, INVENTORY, grid_size=9)
    with engine.begin() as connection:
        keys = connection.execute(
            text("SELECT DISTINCT phase2_group_key FROM app.etl_source_files")
        )
        assert keys.scalars().all() == [CELL]


def test_a_cell_with_a_tile_that_failed_is_merged_without_and_again_when_it_is_there(
    engine: Engine, storage: Storage
) -> None:
    for tile in ("s02e029", "s02e030"):
        add_tile(storage, tile)
    truncate(storage, "bronze-fathom", source_path("1in5", "s02e029"))
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa")
    assert count_completed(engine, 2) == 8
    add_tile(storage, "s02e029")
    stacked(engine, storage)
    walked = walk(engine, storage, MERGE, region_code="rwa")
    assert len(walked["spatial_merge"].tasks[0]["grid_group"]["files"]) == 8
    assert walked["spatial_merge"].results[0]["tiles"] == 2
    assert count_completed(engine, 2) == 16


def test_only_stacked_files_are_merged(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa", years=[2020])
    walked = walk(engine, storage, MERGE, region_code="rwa")
    names = [task["grid_group"]["output_name"] for task in walked["spatial_merge"].tasks]
    assert (names, count_completed(engine, 2)) == ([CELL], 8)


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        ({}, 4),
        ({"flood_types": ["pluvial"]}, 2),
        ({"years": [2050], "ssp_scenarios": ["ssp585"]}, 2),
        ({"bbox": [29.2, -1.9, 29.3, -1.8]}, 2),
        ({"grid_size": 10}, 4),
        ({"grid_size": 2}, 4),
        ({"dry_run": True}, 0),
    ],
)
def test_a_job_plans_what_its_parameters_let_through(
    engine: Engine, storage: Storage, given: dict[str, Any], cells: int
) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    add_tile(storage, "n05e029", BASELINE, FUTURE)
    stacked(engine, storage)
    walked = walk(engine, storage, MERGE, region_code="rwa", **given)
    assert len(walked["spatial_merge"].tasks) == cells


def test_a_bounding_box_takes_whole_cells(engine: Engine, storage: Storage) -> None:
    for tile in ("s02e028", "s03e030"):
        add_tile(storage, tile)
    stacked(engine, storage)
    walked = walk(engine, storage, MERGE, region_code="rwa", bbox=[28.1, -1.9, 28.2, -1.8])
    assert walked["spatial_merge"].results[0]["tiles"] == 2
    assert count_completed(engine, 2) == 16


def test_what_is_merged_is_merged_again_only_by_force_then_in_the_new_grid(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa")
    again = walk(engine, storage, MERGE, region_code="rwa", grid_size=3)
    assert (again["spatial_merge"].tasks, again["grid_inventory"].results[0]["changed"]) == ([], 0)
    forced = walk(engine, storage, MERGE, region_code="rwa", grid_size=3, force_reprocess=True)
    assert forced["spatial_merge"].tasks[0]["grid_group"]["grid_cell"] == "s03-n00_e027-e030"
    assert forced["grid_inventory"].results[0]["changed"] == 8


def test_two_regions_in_one_cell_are_two_rasters(engine: Engine, storage: Storage) -> None:
    for region in ("rwa", "uga"):
        add_tile(storage, "s02e029", region=region)
        stacked(engine, storage, region)
    for region in ("rwa", "uga"):
        walked = walk(engine, storage, MERGE, region_code=region)
        assert walked["spatial_merge"].results[0]["tiles"] == 1
        assert storage.exists("silver-fathom", f"fathom/{region}/{CELL}.tif")


def test_a_stack_that_has_gone_says_what_to_do(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    stacked(engine, storage)
    [error] = walk(engine, storage, MERGE, region_code="rwa", source_prefix="elsewhere")[
        "spatial_merge"
    ].errors
    assert "silver-fathom/elsewhere/rwa/s02e029/" in error
    assert "source_prefix" in error


def test_a_tile_of_another_resolution_is_named(engine: Engine, storage: Storage) -> None:
    for tile, pixels in (("s02e028", 20), ("s02e029", 30), ("s02e030", 20)):
        add_tile(storage, tile, pixels=pixels)
    stacked(engine, storage)
    [error] = walk(engine, storage, MERGE, region_code="rwa")["spatial_merge"].errors
    assert error.startswith("fathom-stacked/rwa/s02e029/")


def test_items_and_collection_are_valid_stac(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    stacked(engine, storage)
    walk(engine, storage, MERGE, region_code="rwa")
    collection = pystac.Collection.from_file(
        str(Path(storage.root, "silver-fathom", "fathom", "collection.json"))
    )
    [item] = collection.get_items()
    pystac.validation.validate(collection)
    pystac.validation.validate(item)
    assert (collection.id, item.id) == ("fathom-flood", f"rwa_{CELL}")
