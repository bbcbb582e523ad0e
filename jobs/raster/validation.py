"""Stage 1: finds the GeoTIFFs, and checks whether each can be opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasterio.errors import RasterioError
from sqlalchemy import Connection

from jobs.cog import raster_error
from jobs.progress import report_progress
from jobs.raster.naming import is_raster
from jobs.reading import open_raster
from jobs.source_files import SourceFile, register, unique_name
from jobs.stages import Job, Parameters, Result, Task, TaskError
from jobs.storage import Blob, Storage, StorageError

UNREADABLE_NAMED = 100


def validate(parameters: Parameters, storage: Storage) -> Result:
    """Opens every GeoTIFF below the prefix; lists those that can't be opened, with the reason.

    `listed` has [path, size, metadata] of each for `record_rasters`. Raises TaskError if there are
    no GeoTIFFs.
    """
    container, prefix = parameters["source_container"], parameters["prefix"].strip("/")
    blobs = [blob for blob in storage.blobs(container, prefix) if is_raster(blob.path)]
    if not blobs:
        raise TaskError(f"{container}/{prefix} has no GeoTIFF; expected *.tif or *.tiff")
    listed = []
    for number, blob in enumerate(blobs):
        report_progress(100 * number / len(blobs), f"opening {blob.path}")
        listed.append((blob.path, blob.size, _inspect(storage, container, blob)))
    unreadable = {path: kind["unreadable"] for path, _, kind in listed if kind["unreadable"]}
    return {
        "files": len(listed),
        "bytes": sum(size or 0 for _, size, _ in listed),
        "unreadable": len(unreadable),
        "unreadable_files": dict(list(unreadable.items())[:UNREADABLE_NAMED]),
        "listed": listed,
    }


def record_rasters(connection: Connection, job: Job, _task: Task, result: Result) -> Result:
    """Registers all files, also unreadable ones: they stay pending and so remain visible."""
    files = [
        SourceFile(path, size, metadata, {job.phase.id: unique_name(path)})
        for path, size, metadata in result["listed"]
    ]
    register(connection, job.pipeline, job.parameters["source_container"], files)
    return {key: value for key, value in result.items() if key != "listed"}


def _inspect(storage: Storage, container: str, blob: Blob) -> dict[str, Any]:
    try:
        with storage.reading(container, blob.path) as file:
            return _metadata(file)
    except (RasterioError, StorageError) as error:
        nothing = dict.fromkeys(("crs", "width", "height", "bands", "dtype"))
        return {**nothing, "unreadable": raster_error(error)}


def _metadata(file: Path) -> dict[str, Any]:
    with open_raster(file) as raster:
        return {
            "crs": raster.crs.to_string() if raster.crs else None,
            "width": raster.width,
            "height": raster.height,
            "bands": raster.count,
            "dtype": raster.dtypes[0],
            "unreadable": None,
        }
