"""Stage 2: each GeoTIFF becomes a COG with the same pixels, bands, colours and place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rasterio.errors import RasterioError
from rio_cogeo.cogeo import cog_validate
from sqlalchemy import ColumnElement, Connection, Select, func, select

from jobs.cog import copy_as_cog, raster_error
from jobs.raster.naming import ETL_TYPE, output_path
from jobs.reading import open_raster, unplaced_allowed
from jobs.source_files import ROWS_AT_A_TIME, SOURCE_FILES, Completion, complete
from jobs.stages import Job, Parameters, Result, Scope, Task, TaskError
from jobs.storage import Storage

MEGABYTE = 1_000_000
# What the storage does not know the size of is no large file.
SIZE = func.coalesce(SOURCE_FILES.c.file_size_bytes, 0)


def plan_small(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task for each raster below `large_file_mb` still to convert; all of them by force."""
    return _plan(connection, job.parameters, _below(job.parameters))


def plan_large(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task for each raster from `large_file_mb` on, likewise."""
    return _plan(connection, job.parameters, ~_below(job.parameters))


def small_scope(connection: Connection, parameters: Parameters) -> Scope:
    """The rasters that `plan_small` would take, of those that are registered already."""
    return _scope(connection, parameters, _below(parameters))


def large_scope(connection: Connection, parameters: Parameters) -> Scope:
    """The rasters that `plan_large` would take, likewise."""
    return _scope(connection, parameters, ~_below(parameters))


def _below(parameters: Parameters) -> ColumnElement[bool]:
    return int(parameters["large_file_mb"]) * MEGABYTE > SIZE


def _scope(connection: Connection, parameters: Parameters, sized: ColumnElement[bool]) -> Scope:
    rasters = _rasters(parameters, sized).subquery()
    count = connection.execute(select(func.count()).select_from(rasters)).scalar_one()
    note = "GeoTIFFs that are not registered yet come on top: the job looks for them first."
    return Scope(count, count, note)


def _rasters(parameters: Parameters, sized: ColumnElement[bool]) -> Select[str, str]:
    """One row per raster to convert: path, group key."""
    files = SOURCE_FILES.c
    below = parameters["prefix"].strip("/")
    query = select(files.source_blob_path, files.phase1_group_key).where(
        files.etl_type == ETL_TYPE,
        files.source_container == parameters["source_container"],
        func.starts_with(files.source_blob_path, f"{below}/" if below else ""),
        sized,
    )
    if not parameters.get("force_reprocess"):
        query = query.where(files.phase1_completed_at.is_(None))
    return query


def _plan(
    connection: Connection, parameters: Parameters, sized: ColumnElement[bool]
) -> Iterator[Parameters]:
    query = _rasters(parameters, sized).order_by(SOURCE_FILES.c.source_blob_path)
    rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    for path, key in rows:
        yield {
            "raster": {"output_name": key, "path": path},
            "source_container": parameters["source_container"],
            "output_container": parameters["output_container"],
            "output_path": output_path(parameters["output_prefix"], key),
            "compression": parameters["compression"],
        }


def create_cog(parameters: Parameters, storage: Storage) -> Result:
    """Writes a raster's COG, block by block, and checks that it is one.

    Raises TaskError for a raster that can't be read.
    """
    container, path = parameters["source_container"], parameters["raster"]["path"]
    output = parameters["output_path"]
    writing = storage.writing(parameters["output_container"], output)
    with storage.reading(container, path) as file, writing as target:
        try:
            with open_raster(file) as raster:
                copy_as_cog(raster, target, parameters["compression"])
        except RasterioError as error:
            raise TaskError(
                f"{container}/{path} can't be converted: {raster_error(error)}; "
                "replace the file, then run this job again"
            ) from error
        _check(target, path)
        size = target.stat().st_size
    return {"output_blob": output, "bytes": size}


def record_cog(connection: Connection, job: Job, task: Task, result: Result) -> None:
    """Marks the raster as converted."""
    raster = task.parameters["raster"]
    done = Completion(
        ETL_TYPE,
        1,
        raster["output_name"],
        [raster["path"]],
        result["output_blob"],
        job.job_id,
        again=bool(job.parameters.get("force_reprocess")),
    )
    complete(connection, done)


def _check(target: Path, path: str) -> None:
    with unplaced_allowed():
        valid, errors, _ = cog_validate(target, quiet=True)
    if not valid:
        raise TaskError(f"The COG of {path} is not valid: {'; '.join(errors)}")
