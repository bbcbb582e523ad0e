"""Stage 3: writes a STAC item beside each COG, and a collection of all items."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from datetime import UTC, datetime
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

from rasterio.warp import transform_bounds

from jobs.collection import register_collection
from jobs.progress import report_progress
from jobs.reading import open_raster
from jobs.stac import Description, has_item, item_path, write_item
from jobs.stages import Parameters, Result
from jobs.storage import Storage

WGS84 = "EPSG:4326"
# STAC data types whose names differ from numpy's.
_DATA_TYPES = {"complex_int16": "cint16", "complex64": "cfloat32", "complex128": "cfloat64"}


def extract_stac(parameters: Parameters, storage: Storage) -> Result:
    """Writes items for the COGs below the output prefix that have none; if forced, for all.

    A raster without a CRS gets an item without geometry, because its location is unknown.
    """
    container, prefix = parameters["output_container"], parameters["output_prefix"].strip("/")
    if not storage.exists(container, prefix):
        return {"items": 0, "described": 0, "collection": None}
    paths = {blob.path for blob in storage.blobs(container, prefix)}
    rasters = sorted(path for path in paths if path.endswith(".tif"))
    if not parameters.get("force_reprocess"):
        rasters = [path for path in rasters if not _is_described(storage, container, path, paths)]
    for number, path in enumerate(rasters):
        report_progress(100 * number / len(rasters), f"describing {path}")
        with storage.reading(container, path) as file, open_raster(file) as raster:
            described = describe_raster(
                PurePosixPath(path).stem, parameters["collection_id"], raster
            )
        write_item(storage, container, path, prefix, described)
    return {"described": len(rasters), **register_collection(parameters, storage)}


def _is_described(storage: Storage, container: str, raster: str, paths: Container[str]) -> bool:
    return item_path(raster) in paths and has_item(storage, container, raster)


def describe_raster(item_id: str, collection_id: str, raster: Any) -> Description:
    """The description of an open raster for its item."""
    bands = [_band(raster, index) for index in range(raster.count)]
    properties = {"crs": raster.crs.to_string()} if raster.crs else {}
    return Description(
        item_id, collection_id, _bounds(raster), _timestamp(raster), properties, bands
    )


def _bounds(raster: Any) -> tuple[float, float, float, float] | None:
    """West, south, east and north in degrees; None if they can't be derived from the CRS."""
    if raster.crs is None:
        return None
    west, south, east, north = transform_bounds(raster.crs, WGS84, *raster.bounds)
    if not all(isfinite(degrees) for degrees in (west, south, east, north)):
        return None
    # A rectangle that crosses the antimeridian has to span all longitudes.
    return (west, south, east, north) if west <= east else (-180.0, south, 180.0, north)


def _timestamp(raster: Any) -> datetime:
    """When the raster was made according to its tag, else the current time."""
    with suppress(ValueError):
        tag = raster.tags().get("TIFFTAG_DATETIME", "")
        return datetime.strptime(tag, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    return datetime.now(UTC)


def _band(raster: Any, index: int) -> dict[str, Any]:
    name = raster.descriptions[index] or f"band {index + 1}"
    dtype, nodata = raster.dtypes[index], raster.nodatavals[index]
    band = {"name": name, "data_type": _DATA_TYPES.get(dtype, dtype)}
    if nodata is None:
        return band
    return {**band, "nodata": nodata if isfinite(nodata) else str(nodata)}
