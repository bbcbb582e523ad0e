"""Opens rasters: GeoTIFFs alone, also those without georeferencing, and nothing on a network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

# A file of another format may name further files, which would be read with the runner's rights.
DRIVER = "GTiff"
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# GDAL opens these beside a file, in whatever format they are.
BESIDE = (".ovr", ".msk")
# Metadata may name an overview anywhere: GDAL then finds nothing on the network.
OFFLINE = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "none", "GDAL_HTTP_MAX_RETRY": "0"}


@contextmanager
def unplaced_allowed() -> Iterator[None]:
    """Suppresses rasterio's warning about rasters without georeferencing, such as scans."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def open_raster(file: Path) -> Iterator[Any]:
    """An open GeoTIFF; it need not be georeferenced. Raises RasterioIOError for anything else."""
    for suffix in BESIDE:
        _check_tiff(file.with_name(file.name + suffix))
    with (
        unplaced_allowed(),
        rasterio.Env(**OFFLINE),
        rasterio.open(str(file.absolute()), driver=DRIVER) as raster,
    ):
        yield raster


def _check_tiff(file: Path) -> None:
    if not file.is_file():
        return
    with file.open("rb") as content:
        if content.read(4) not in MAGIC:
            raise RasterioIOError(f"{file.name} beside it is no TIFF; remove it")
