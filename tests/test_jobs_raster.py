from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pystac.validation
import pytest
from rio_cogeo.cogeo import cog_validate
from sqlalchemy import Engine, text

from jobs.raster.naming import output_path
from jobs.raster.sample_files import KINDS, Kind, write_rasters
from jobs.reading import open_raster, unplaced_allowed
from jobs.source_files import unique_name
from jobs.storage import Storage
from tests.rasters import checkerboard, count_completed, truncate, walk, write_raster

RASTERS, LARGE = "process_raster_v2", "process_large_raster_v2"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rasters")
    write_rasters(folder)
    return folder


def add(storage: Storage, path: str, pixels: Any = None, **profile: Any) -> None:
    displayed = checkerboard("uint8", 1, 12, 10) if pixels is None else pixels
    write_raster(Path(storage.root, "bronze-rasters", path), displayed, **profile)


def cog(storage: Storage, path: str) -> Path:
    return Path(storage.root, "silver-rasters", output_path("cogs", unique_name(path)))


def test_every_kind_of_raster_becomes_a_valid_cog(
    engine: Engine, sample: Path, tmp_path: Path
) -> None:
    storage = Storage(str(tmp_path), {"bronze-rasters": str(sample)})
    walked = walk(engine, storage, RASTERS)
    assert walked["create_cog"].errors == []
    for kind in KINDS:
        with unplaced_allowed():
            assert cog_validate(cog(storage, kind.path), quiet=True)[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.path)
def test_a_cog_carries_what_its_raster_carries(
    engine: Engine, sample: Path, tmp_path: Path, kind: Kind
) -> None:
    storage = Storage(str(tmp_path))
    copy = tmp_path / "bronze-rasters" / kind.path
    copy.parent.mkdir(parents=True)
    copy.write_bytes((sample / kind.path).read_bytes())
    walk(engine, storage, RASTERS)
    with open_raster(copy) as before, open_raster(cog(storage, kind.path)) as after:
        assert carried(after) == carried(before)
        assert np.array_equal(after.read(), before.read(), equal_nan=kind.dtype != "complex64")


def carried(raster: Any) -> dict[str, Any]:
    palette = raster.colormap(1) if raster.colorinterp[0].name == "palette" else None
    return {
        "crs": raster.crs,
        "transform": raster.transform,
        "dtypes": raster.dtypes,
        "nodata": [str(value) for value in raster.nodatavals],
        "descriptions": raster.descriptions,
        "colors": raster.colorinterp,
        "palette": palette,
    }


def test_files_are_registered_with_what_they_are(engine: Engine, storage: Storage) -> None:
    add(storage, "a/b.tif", checkerboard("float32", 3, 12, 10), crs="EPSG:3857")
    walk(engine, storage, RASTERS, prefix="a")
    query = "SELECT source_metadata, phase1_group_key, phase1_output_blob FROM app.etl_source_files"
    with engine.begin() as connection:
        metadata, key, output = connection.execute(text(query)).one()
    assert metadata == {
        "crs": "EPSG:3857",
        "width": 10,
        "height": 12,
        "bands": 3,
        "dtype": "float32",
        "unreadable": None,
    }
    assert (key, output) == (unique_name("a/b.tif"), f"cogs/{unique_name('a/b.tif')}.tif")


def test_what_is_no_raster_stays_pending_and_says_why(engine: Engine, storage: Storage) -> None:
    add(storage, "good.tif")
    storage.write_bytes("bronze-rasters", "broken.tif", b"no raster at all")
    walked = walk(engine, storage, RASTERS)
    assert list(walked["validate"].results[0]["unreadable_files"]) == ["broken.tif"]
    [error] = walked["create_cog"].errors
    assert error.startswith("bronze-rasters/broken.tif can't be converted: ")
    assert count_completed(engine, 1) == 1


def test_a_truncated_raster_fails_alone_and_leaves_no_file(
    engine: Engine, storage: Storage
) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (1, 100, 100)).astype("uint8")
    for path in ("good.tif", "truncated.tif"):
        add(storage, path, pixels)
    truncate(storage, "bronze-rasters", "truncated.tif")
    [error] = walk(engine, storage, RASTERS)["create_cog"].errors
    assert "bronze-rasters/truncated.tif" in error
    assert [file.name for file in Path(storage.root, "silver-rasters").rglob("*.tif")] == [
        cog(storage, "good.tif").name
    ]


def test_a_mended_raster_is_no_longer_called_unreadable(engine: Engine, storage: Storage) -> None:
    storage.write_bytes("bronze-rasters", "a.tif", b"broken")
    walk(engine, storage, RASTERS)
    add(storage, "a.tif")
    walk(engine, storage, RASTERS)
    with engine.begin() as connection:
        unreadable = connection.execute(
            text("SELECT source_metadata ->> 'unreadable' FROM app.etl_source_files")
        )
        assert unreadable.scalar_one() is None
    assert count_completed(engine, 1) == 1


def test_large_files_are_the_large_jobs(engine: Engine, storage: Storage) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1, 1100, 1000)).astype("uint8")
    add(storage, "large.tif", noise)
    add(storage, "small.tif")
    done = {
        job: walk(engine, storage, job, large_file_mb=1)["create_cog"].tasks
        for job in (RASTERS, LARGE)
    }
    assert [task["raster"]["path"] for task in done[RASTERS]] == ["small.tif"]
    assert [task["raster"]["path"] for task in done[LARGE]] == ["large.tif"]


def test_what_is_converted_is_not_converted_again_except_by_force(
    engine: Engine, storage: Storage
) -> None:
    add(storage, "a.tif")
    tasks = [
        len(walk(engine, storage, RASTERS, force_reprocess=force)["create_cog"].tasks)
        for force in (False, False, True)
    ]
    assert tasks == [1, 0, 1]


def test_names_that_look_alike_have_outputs_of_their_own(engine: Engine, storage: Storage) -> None:
    names = ["a/b.tif", "a-b.tif", "a/b.tiff", "a b.TIF", "ä-b.tif", f"{'deep/' * 60}b.tif"]
    for name in names:
        add(storage, name)
    walk(engine, storage, RASTERS)
    assert count_completed(engine, 1) == len(names)
    assert len(list(Path(storage.root, "silver-rasters", "cogs").glob("*.tif"))) == len(names)
    assert max(len(unique_name(name)) for name in names) <= 150


def test_a_rasters_key_has_all_of_its_name() -> None:
    key = unique_name("2024.10/dem v1.2.tif")
    assert key.startswith("2024-10-dem-v1-2-")


def test_a_prefix_is_a_folder(engine: Engine, storage: Storage) -> None:
    for name in ("a/1.tif", "ab/2.tif", "b/3.tif"):
        add(storage, name)
    walk(engine, storage, RASTERS)
    walked = walk(engine, storage, RASTERS, prefix="a/", force_reprocess=True)
    assert [task["raster"]["path"] for task in walked["create_cog"].tasks] == ["a/1.tif"]


def test_an_empty_folder_says_what_was_expected(engine: Engine, storage: Storage) -> None:
    storage.write_bytes("bronze-rasters", "readme.txt", b"")
    [error] = walk(engine, storage, RASTERS)["validate"].errors
    assert error.endswith("has no GeoTIFF; expected *.tif or *.tiff")


def test_items_and_collection_are_valid_stac_in_degrees(
    engine: Engine, sample: Path, tmp_path: Path
) -> None:
    storage = Storage(str(tmp_path), {"bronze-rasters": str(sample)})
    walk(engine, storage, RASTERS)
    collection = pystac.Collection.from_file(
        str(tmp_path / "silver-rasters" / "cogs" / "collection.json")
    )
    items = {item.id: item for item in collection.get_items()}
    for stac in (collection, *items.values()):
        pystac.validation.validate(stac)
    bbox = items[unique_name("imagery/aerial.tif")].bbox
    assert bbox is not None
    assert bbox == pytest.approx([33, -1.9, 33, -1.9], abs=0.01)


def test_a_raster_without_a_crs_is_an_item_without_geometry(
    engine: Engine, storage: Storage
) -> None:
    add(storage, "scan.tif", crs=None)
    walk(engine, storage, RASTERS)
    item = pystac.Item.from_file(str(cog(storage, "scan.tif").with_suffix(".json")))
    pystac.validation.validate(item)
    assert item.geometry is None
    collection = item.get_collection()
    assert collection is not None
    assert collection.extent.spatial.bboxes == [[-180, -90, 180, 90]]


@pytest.mark.parametrize("compression", ["deflate", "lzw", "zstd"])
def test_the_compression_is_as_asked_for(
    engine: Engine, storage: Storage, compression: str
) -> None:
    add(storage, "a.tif")
    walk(engine, storage, RASTERS, compression=compression)
    with open_raster(cog(storage, "a.tif")) as raster:
        assert raster.compression.name.lower() == compression
