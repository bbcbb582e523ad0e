"""Writes Cloud Optimized GeoTIFFs: tiled, losslessly compressed, with overviews."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rasterio
import rasterio.shutil
from numpy.typing import NDArray

# rasterio.shutil.copy raises GDAL's errors, which rasterio does not export.
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from jobs.reading import open_raster, unplaced_allowed
from jobs.storage import Incomplete

# From this width or height on, blocks are larger, so that readers need fewer requests.
LARGE_PIXELS = 2048
# GDAL's block cache in megabytes; by default, each process uses 5 % of the machine's memory.
# GDAL reads the value once, before its first raster.
os.environ.setdefault("GDAL_CACHEMAX", "256")


def write_bands(
    target: Path, bands: Sequence[NDArray[Any]], names: Sequence[str], profile: dict[str, Any]
) -> None:
    """Writes arrays of (row, column) as named bands; `profile` is a rasterio profile."""
    height, width = bands[0].shape
    layout = {"driver": "GTiff", "count": len(bands), "height": height, "width": width}
    with MemoryFile() as memory:
        with memory.open(**profile, **layout, interleave="band") as raster:
            for number, band in enumerate(bands, start=1):
                raster.write(band, number)
            raster.descriptions = tuple(names)
        with memory.open() as raster:
            copy_as_cog(raster, target)


def copy_as_cog(source: Any, target: Path, compression: str = "deflate") -> None:
    """Writes an open raster as a COG, block by block, including its metadata.

    Overviews use nearest-neighbour resampling, so they only contain values of the raster. Raises
    RasterioError if the source can't be read, and Incomplete if the target is not a complete copy:
    GDAL reports no error when the disk is full.
    """
    options = {
        "blocksize": 512 if max(source.width, source.height) >= LARGE_PIXELS else 256,
        "compress": compression,
        "predictor": "yes" if _predictable(source) else "no",
        "overview_resampling": "nearest",
        "overviews": "ignore_existing",
        "bigtiff": "if_safer",
    }
    try:
        rasterio.shutil.copy(source, target, driver="COG", **options)
    except CPLE_BaseError as error:
        # GDAL's error does not say whether the source or the target failed.
        kind = Incomplete if _is_readable(source) else RasterioError
        raise kind(raster_error(error)) from error
    check_copy(source, target)


def check_copy(source: Any, target: Path) -> None:
    """Reads back a copy of an open raster, with its overviews. Raises Incomplete."""
    try:
        with open_raster(target) as copy:
            shapes = [(it.width, it.height, it.dtypes) for it in (source, copy)]
            if shapes[0] != shapes[1]:
                raise Incomplete(f"it should have {shapes[0]}, and has {shapes[1]}")
            for band in copy.indexes:
                if copy.checksum(band) != source.checksum(band):
                    raise Incomplete(f"the pixels of band {band} differ from those written")
            levels = len(copy.overviews(1))
        for level in range(levels):
            with unplaced_allowed(), rasterio.open(target, overview_level=level) as overview:
                # Block by block: an overview may be larger than memory.
                if not _is_readable(overview):
                    raise Incomplete(f"overview {level + 1} can't be read again")
    except RasterioError as error:
        raise Incomplete(f"it can't be read again: {raster_error(error)}") from error


def _is_readable(raster: Any) -> bool:
    try:
        return all(raster.checksum(band) >= 0 for band in raster.indexes)
    except (RasterioError, CPLE_BaseError):
        return False


def _predictable(source: Any) -> bool:
    # Predictors need real numbers of whole bytes.
    bits = source.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", "8")
    return "complex" not in source.dtypes[0] and int(bits) % 8 == 0


def raster_error(error: BaseException) -> str:
    """GDAL's message for an error, on one line: that of the root cause, the most specific one."""
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(str(error).split())
