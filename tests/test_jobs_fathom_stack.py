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
    add_tile,
    count_completed,
    read_pixels,
    source_path,
    truncate,
    walk,
    write_raster,
)

INVENTORY, STACK = "inventory_fathom_container", "process_fathom_stack"
OUTPUT = "fathom-stacked/rwa/s02e029/s02e029_fluvial-defended_2020.tif"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def local(storage: Storage, path: str, container: str = "bronze-fathom") -> Path:
    return Path(storage.root, container, path)


def test_a_stack_has_its_sources_pixels_in_eight_named_bands(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    sources = [source_path(period, "s02e029") for period in RETURN_PERIODS]
    expected = np.concatenate([read_pixels(storage, "bronze-fathom", path) for path in sources])
    with rasterio.open(local(storage, OUTPUT, "silver-fathom")) as stack:
        assert stack.descriptions == RETURN_PERIODS
        assert (stack.dtypes[0], stack.nodata, stack.crs.to_epsg()) == ("int16", NODATA, 4326)
        assert np.array_equal(stack.read(), expected)


def test_a_stack_is_a_cloud_optimized_geotiff_with_overviews(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029", pixels=360)
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    stack = local(storage, OUTPUT, "silver-fathom")
    assert cog_validate(stack, strict=True, quiet=True) == (True, [], [])
    with rasterio.open(stack) as raster:
        assert (raster.overviews(1), raster.profile["compress"]) == ([2], "deflate")


def test_every_way_to_say_no_data_becomes_one(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    pixels = np.full((1, 20, 20), 7, "int16")
    pixels[0, 0, :3] = -32767, -32768, -9999
    with rasterio.open(local(storage, source_path("1in5", "s02e029"))) as raster:
        place = raster.transform
    write_raster(
        local(storage, source_path("1in5", "s02e029")), pixels, nodata=-9999, transform=place
    )
    write_raster(local(storage, source_path("1in10", "s02e029")), pixels, transform=place)
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    stack = read_pixels(storage, "silver-fathom", OUTPUT)
    assert stack[0, 0, :4].tolist() == [NODATA, -32768, NODATA, 7]
    assert stack[1, 0, :4].tolist() == [NODATA, -32768, -9999, 7]


def test_files_are_marked_with_time_output_and_job(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    add_tile(storage, "s02e029", region="uga")
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="RWA")
    query = """
        SELECT source_metadata ->> 'region', phase1_output_blob, length(phase1_job_id), count(*)
        FROM app.etl_source_files WHERE phase1_completed_at IS NOT NULL GROUP BY 1, 2, 3
    """
    with engine.begin() as connection:
        assert connection.execute(text(query)).all() == [("rwa", OUTPUT, 64, 8)]


def test_a_truncated_file_fails_its_group_alone(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    broken = source_path("1in50", "s02e029")
    truncate(storage, "bronze-fathom", broken)
    walk(engine, storage, INVENTORY)
    done = walk(engine, storage, STACK, region_code="rwa")["band_stack"]
    assert (len(done.results), count_completed(engine, 1)) == (1, 8)
    assert done.errors[0].startswith(f"{broken} can't be read")


def test_a_file_of_another_size_is_named_also_when_it_is_the_first(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    odd = source_path("1in5", "s02e029")
    write_raster(local(storage, odd), np.zeros((1, 15, 15), "int16"))
    walk(engine, storage, INVENTORY)
    [error] = walk(engine, storage, STACK, region_code="rwa")["band_stack"].errors
    assert error.startswith(f"{odd} has 15 × 15 pixels")
    assert "expected 20 × 20 pixels" in error


def test_a_missing_return_period_is_named(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    local(storage, source_path("1in200", "s02e029")).unlink()
    walk(engine, storage, INVENTORY)
    [error] = walk(engine, storage, STACK, region_code="rwa")["band_stack"].errors
    assert "rwa: s02e029_fluvial-defended_2020 has no file for 1in200" in error


def test_a_file_that_has_gone_is_named(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    gone = source_path("1in200", "s02e029")
    local(storage, gone).unlink()
    [error] = walk(engine, storage, STACK, region_code="rwa")["band_stack"].errors
    assert error == f"bronze-fathom/{gone} is not there"


def test_a_region_that_was_never_scanned_says_what_to_do(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    [error] = walk(engine, storage, STACK, region_code="civ")["tile_inventory"].errors
    assert "run the inventory with base_prefix=civ first. Known regions: rwa" in error


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        ({"flood_types": ["pluvial"]}, 2),
        ({"years": [2020]}, 2),
        ({"ssp_scenarios": ["ssp585"]}, 2),
        ({"years": [2020], "ssp_scenarios": ["ssp585"]}, 0),
        ({"bbox": [29.5, -1.5, 29.6, -1.4]}, 2),
        ({"bbox": [30, -5, 31, 0]}, 2),
        ({"bbox": [30, -5, 31, 0], "years": [2050]}, 1),
        ({"bbox": [31, -5, 32, 0]}, 0),
        ({"dry_run": True}, 0),
    ],
)
def test_a_job_plans_what_its_parameters_let_through(
    engine: Engine, storage: Storage, given: dict[str, Any], groups: int
) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    add_tile(storage, "s02e030", BASELINE, FUTURE)
    walk(engine, storage, INVENTORY)
    walked = walk(engine, storage, STACK, region_code="rwa", **given)
    assert len(walked["band_stack"].tasks) == groups
    assert count_completed(engine, 1) == groups * 8


def test_a_dry_run_counts_the_groups(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    walk(engine, storage, INVENTORY)
    walked = walk(engine, storage, STACK, region_code="rwa", dry_run=True)
    assert walked["tile_inventory"].results == [{"groups": 2, "files": 16, "groups_pending": 2}]
    assert not storage.exists("silver-fathom")


def test_what_is_stacked_is_not_stacked_again_except_by_force(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    first = completions(engine)
    again = walk(engine, storage, STACK, region_code="rwa")
    assert (again["band_stack"].tasks, completions(engine)) == ([], first)
    walk(engine, storage, STACK, region_code="rwa", force_reprocess=True)
    assert completions(engine) > first


def completions(engine: Engine) -> list[Any]:
    query = "SELECT DISTINCT phase1_completed_at FROM app.etl_source_files"
    with engine.begin() as connection:
        return list(connection.execute(text(query)).scalars())


def test_a_group_with_a_new_file_is_stacked_whole_and_old_times_stay(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE app.etl_source_files SET phase1_completed_at = CASE "
                "WHEN source_metadata ->> 'return_period' = '1in5' THEN NULL "
                "ELSE TIMESTAMP '2026-01-01' END"
            )
        )
    walk(engine, storage, STACK, region_code="rwa")
    assert str(min(completions(engine))) == "2026-01-01 00:00:00"
    assert (count_completed(engine, 1), len(completions(engine))) == (8, 2)


def test_the_same_tile_in_two_regions_is_two_stacks(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    add_tile(storage, "s02e029", region="uga")
    walk(engine, storage, INVENTORY)
    for region in ("rwa", "uga"):
        walked = walk(engine, storage, STACK, region_code=region)
        assert len(walked["band_stack"].tasks[0]["tile_group"]["files"]) == 8
    assert storage.exists("silver-fathom", OUTPUT)
    assert storage.exists("silver-fathom", OUTPUT.replace("rwa", "uga"))


def test_files_without_a_region_are_stacked_as_not_set(engine: Engine, tmp_path: Path) -> None:
    add_tile(Storage(str(tmp_path / "x")), "s02e029")
    (tmp_path / "x" / "bronze-fathom" / "rwa").rename(tmp_path / "bronze-fathom")
    storage = Storage(str(tmp_path))
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="not set")
    assert storage.exists("silver-fathom", OUTPUT.replace("rwa/", ""))


def test_items_and_collection_are_valid_stac(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029", BASELINE, FUTURE)
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    collection = pystac.Collection.from_file(
        str(local(storage, "fathom-stacked/collection.json", "silver-fathom"))
    )
    items = list(collection.get_items())
    assert [item.id for item in items] == [
        "rwa_s02e029_fluvial-defended_2020",
        "rwa_s02e029_pluvial-defended_2050_ssp585",
    ]
    for stac in (collection, *items):
        pystac.validation.validate(stac)
    assert collection.extent.spatial.bboxes == [[29.0, -2.0, 30.0, -1.0]]


def test_an_item_names_its_bands_and_leads_to_its_raster_and_collection(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    walk(engine, storage, STACK, region_code="rwa")
    item = pystac.Item.from_file(
        str(local(storage, OUTPUT.replace(".tif", ".json"), "silver-fathom"))
    )
    asset = item.assets["raster"]
    assert [band["name"] for band in asset.extra_fields["bands"]] == list(RETURN_PERIODS)
    assert Path(str(asset.get_absolute_href())).exists()
    collection = item.get_collection()
    assert collection is not None
    assert collection.id == "fathom-flood-stacked"


def test_items_that_are_there_stay_unless_told_otherwise(engine: Engine, storage: Storage) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    item = OUTPUT.replace(".tif", ".json")
    walk(engine, storage, STACK, region_code="rwa")
    written = storage.read_bytes("silver-fathom", item)
    for skip in (True, False):
        storage.write_bytes("silver-fathom", item, written.replace(b"cm", b"CM"))
        walk(
            engine,
            storage,
            STACK,
            region_code="rwa",
            force_reprocess=True,
            skip_existing_stac=skip,
        )
        assert (storage.read_bytes("silver-fathom", item) == written) is not skip


def test_a_path_in_the_tables_does_not_leave_the_container(
    engine: Engine, storage: Storage
) -> None:
    add_tile(storage, "s02e029")
    walk(engine, storage, INVENTORY)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE app.etl_source_files SET source_blob_path = '../../' || source_blob_path")
        )
    [error] = walk(engine, storage, STACK, region_code="rwa")["band_stack"].errors
    assert "leaves container bronze-fathom" in error
