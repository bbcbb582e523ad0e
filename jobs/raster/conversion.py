"""Stage 2: converts each GeoTIFF to a COG with the same pixels, bands, colours and location."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasterio.errors import RasterioError
from rio_cogeo.cogeo import cog_validate
from sqlalchemy import ColumnElement, Connection, Select, TableClause, func, null, select

from database.tables import source_files
from jobs.cog import copy_as_cog, raster_error
from jobs.raster.naming import output_path
from jobs.reading import open_raster, unplaced_allowed
from jobs.source_files import ROWS_AT_A_TIME, complete, unique_name
from jobs.stages import Job, Parameters, Result, Scope, Task, TaskError
from jobs.storage import Storage

MEGABYTE = 1_000_000


def plan_small(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task per unconverted raster smaller than `large_file_mb`, streamed.

    With `force_reprocess`, also for converted rasters.
    """
    return _plan(connection, job, large=False)


def plan_large(connection: Connection, job: Job) -> Iterator[Parameters]:
    """As `plan_small`, for rasters of at least `large_file_mb`."""
    return _plan(connection, job, large=True)


def small_scope(connection: Connection, job: Job) -> Scope:
    """The rasters that `plan_small` would select, of those that are already registered."""
    return _scope(connection, job, large=False)


def large_scope(connection: Connection, job: Job) -> Scope:
    """The rasters that `plan_large` would select, of those that are already registered."""
    return _scope(connection, job, large=True)


def _sized(files: TableClause, parameters: Parameters, large: bool) -> ColumnElement[bool]:
    limit = int(parameters["large_file_mb"]) * MEGABYTE
    # A file of unknown size does not count as large.
    size = func.coalesce(files.c.file_size_bytes, 0)
    return size >= limit if large else size < limit


def _scope(connection: Connection, job: Job, *, large: bool) -> Scope:
    rasters = _rasters(source_files(job.pipeline), job, large).subquery()
    count = connection.execute(select(func.count()).select_from(rasters)).scalar_one()
    note = "GeoTIFFs that are not registered yet come on top: the job looks for them first."
    return Scope(count, count, note)


def _rasters(files: TableClause, job: Job, large: bool) -> Select[Any]:
    """One row per raster to convert: path, group (NULL if none is registered)."""
    parameters, phase = job.parameters, job.phase
    below = parameters["prefix"].strip("/")
    key = files.c[phase.group_key] if phase.group_key else null()
    query = select(files.c.source_blob_path, key).where(
        files.c.etl_type == job.pipeline.etl_type,
        files.c.source_container == parameters["source_container"],
        func.starts_with(files.c.source_blob_path, f"{below}/" if below else ""),
        _sized(files, parameters, large),
    )
    if not parameters.get("force_reprocess"):
        query = query.where(files.c[phase.completed_field].is_(None))
    return query


def _plan(connection: Connection, job: Job, *, large: bool) -> Iterator[Parameters]:
    files, parameters = source_files(job.pipeline), job.parameters
    query = _rasters(files, job, large).order_by(files.c.source_blob_path)
    rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    for path, registered in rows:
        key = registered or unique_name(path)
        yield {
            "raster": {"output_name": key, "path": path},
            "source_container": parameters["source_container"],
            "output_container": parameters["output_container"],
            "output_path": output_path(parameters["output_prefix"], key),
            "compression": parameters["compression"],
        }


def create_cog(parameters: Parameters, storage: Storage) -> Result:
    """Writes a raster's COG, block by block, and validates it.

    Raises TaskError if the raster can't be read or its COG is not valid.
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
    complete(
        connection,
        job,
        [raster["path"]],
        output=result["output_blob"],
        group=raster["output_name"],
        again=bool(job.parameters.get("force_reprocess")),
    )


def _check(target: Path, path: str) -> None:
    with unplaced_allowed():
        valid, errors, _ = cog_validate(target, quiet=True)
    if not valid:
        raise TaskError(f"The COG of {path} is not valid: {'; '.join(errors)}")
