"""Phase 2 on the worker: merges the stacked tiles of a grid cell into one COG."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioError

from jobs.cog import copy_as_cog, raster_error
from jobs.fathom.mosaic import Tile, virtual_mosaic
from jobs.fathom.outputs import write_group_item
from jobs.reading import open_raster
from jobs.stages import Parameters, Result, TaskError
from jobs.storage import Storage


def merge_tiles(parameters: Parameters, storage: Storage) -> Result:
    """Writes the COG of a cell and its STAC item, with only a few blocks in memory at a time.

    Raises TaskError for a tile that is missing, can't be read or does not fit the others.
    """
    group = parameters["grid_group"]
    container = parameters["source_container"]
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"), ExitStack() as opened:
        tiles = [_tile(opened, storage, container, tile["path"]) for tile in group["tiles"]]
        mosaic = opened.enter_context(rasterio.open(virtual_mosaic(tiles)))
        bounds, width, height = mosaic.bounds, mosaic.width, mosaic.height
        writing = storage.writing(parameters["output_container"], parameters["output_path"])
        target = opened.enter_context(writing)
        _copy(mosaic, target, group["output_name"])
        size = target.stat().st_size
    return {
        "output_blob": parameters["output_path"],
        "bytes": size,
        "tiles": len(tiles),
        "width": width,
        "height": height,
        "stac_item": write_group_item(parameters, group, bounds, storage),
    }


def _copy(mosaic: Any, target: Path, name: str) -> None:
    try:
        copy_as_cog(mosaic, target)
    except RasterioError as error:
        raise TaskError(
            f"{name} can't be merged: {raster_error(error)}; "
            "run phase 1 of that tile again with force_reprocess"
        ) from error


def _tile(opened: ExitStack, storage: Storage, container: str, path: str) -> Tile:
    if not storage.exists(container, path):
        raise TaskError(
            f"{container}/{path} is not there, though its files are stacked; name the folder that "
            "phase 1 wrote to in source_prefix, or run phase 1 with force_reprocess"
        )
    local = opened.enter_context(storage.reading(container, path))
    try:
        with open_raster(local) as raster:
            return Tile.of(path, local, raster)
    except RasterioError as error:
        raise TaskError(
            f"{container}/{path} can't be read: {raster_error(error)}; "
            "run phase 1 of it again with force_reprocess"
        ) from error
