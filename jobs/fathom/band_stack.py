"""Phase 1 on the worker: combines eight single-band rasters into one COG with eight named bands."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from jobs.cog import raster_error, write_bands
from jobs.fathom.naming import DTYPE, NODATA, RETURN_PERIODS
from jobs.fathom.outputs import write_group_item
from jobs.reading import open_raster
from jobs.stages import Parameters, Result, TaskError
from jobs.storage import Storage

# FATHOM files also use this value for "no data", without declaring it.
UNTAGGED_NODATA = -32767
PRECISION = 9


def stack_bands(parameters: Parameters, storage: Storage) -> Result:
    """Writes the COG of a group and its STAC item.

    Raises TaskError for a missing or duplicate return period, a file that can't be read, or one
    whose size, location, CRS or data type differs from the rest of its group.
    """
    group = parameters["tile_group"]
    paths = _in_order(group)
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), ExitStack() as opened:
        container = parameters["source_container"]
        rasters = [_open(opened, storage, container, path) for path in paths]
        # Pixels are read first, because comparing a broken file's header is pointless.
        bands = [_read(*pair) for pair in zip(paths, rasters, strict=True)]
        _check_alike(paths, rasters)
        first = rasters[0]
        profile = {
            "dtype": DTYPE,
            "nodata": NODATA,
            "crs": first.crs,
            "transform": first.transform,
        }
        bounds = first.bounds
    with storage.writing(parameters["output_container"], parameters["output_path"]) as target:
        write_bands(target, bands, RETURN_PERIODS, profile)
        size = target.stat().st_size
    return {
        "output_blob": parameters["output_path"],
        "bytes": size,
        "files": len(paths),
        "stac_item": write_group_item(parameters, group, bounds, storage),
    }


def _in_order(group: dict[str, Any]) -> list[str]:
    name = f"{group['region'] or 'no region'}: {group['output_name']}"
    found = Counter(file["return_period"] for file in group["files"])
    wrong = [f"no file for {period}" for period in RETURN_PERIODS if period not in found]
    wrong += [f"{count} files for {period}" for period, count in found.items() if count > 1]
    if wrong:
        raise TaskError(
            f"{name} has {', '.join(wrong)}; expected one for each of {', '.join(RETURN_PERIODS)}. "
            "Complete the source files, run the inventory, then run this job again"
        )
    paths = {file["return_period"]: file["path"] for file in group["files"]}
    return [paths[period] for period in RETURN_PERIODS]


def _open(opened: ExitStack, storage: Storage, container: str, path: str) -> Any:
    local = opened.enter_context(storage.reading(container, path))
    try:
        return opened.enter_context(open_raster(local))
    except RasterioError as error:
        raise TaskError(_unreadable(path, error)) from error


def _read(path: str, raster: Any) -> NDArray[np.int16]:
    try:
        band: NDArray[np.int16] = raster.read(1)
    except RasterioError as error:
        raise TaskError(_unreadable(path, error)) from error
    empty = band == UNTAGGED_NODATA
    if raster.nodata is not None:
        empty |= band == raster.nodata
    band[empty] = NODATA
    return band


def _unreadable(path: str, error: RasterioError) -> str:
    return (
        f"{path} can't be read: {raster_error(error)}; expected a whole GeoTIFF. "
        "Replace the file, then run this job again"
    )


def _check_alike(paths: list[str], rasters: list[Any]) -> None:
    # The majority is taken as correct: the first file may be the wrong one.
    shapes = [_shape(raster) for raster in rasters]
    expected = Counter(shapes).most_common(1)[0][0]
    for path, shape in zip(paths, shapes, strict=True):
        if shape != expected:
            raise TaskError(
                f"{path} has {_shaped(shape)}; expected {_shaped(expected)} like the rest of its "
                "group. Replace the file, then run this job again"
            )
    if expected[0] != (DTYPE,):
        raise TaskError(f"{paths[0]} has {_shaped(expected)}; expected one band of {DTYPE}")


def _shape(raster: Any) -> tuple[Any, ...]:
    place = tuple(round(number, PRECISION) for number in tuple(raster.transform)[:6])
    return raster.dtypes, raster.width, raster.height, place, str(raster.crs)


def _shaped(shape: tuple[Any, ...]) -> str:
    dtypes, width, height, place, crs = shape
    return (
        f"{width} × {height} pixels of {place[0]:.6g} from ({place[2]:.6g}, {place[5]:.6g}) in "
        f"{crs}, {'/'.join(dtypes)}"
    )
