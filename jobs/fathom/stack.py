"""Phase 1: stacks the eight return periods of a tile and scenario into one eight-band raster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from jobs.collection import place_of_collection, register_collection
from jobs.fathom.band_stack import stack_bands
from jobs.fathom.naming import SCENARIO_KEYS, stacked_path
from jobs.fathom.outputs import task_parameters
from jobs.fathom.scope import FathomFiles, counted, intersecting, region_of
from jobs.source_files import ROWS_AT_A_TIME, complete
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task

STACK_TASK = "fathom_band_stack"


def tile_inventory(connection: Connection, job: Job) -> Result:
    """How many groups and files the job selects, and how many of the groups are pending.

    Raises TaskError for a region without files.
    """
    files = FathomFiles(job)
    counts = func.count().label("files"), _pending(files, job).label("pending")
    groups = _groups(connection, files, job, *counts).subquery()
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(groups.c.files), 0),
            func.count().filter(groups.c.pending > 0),
        ).select_from(groups)
    ).one()
    if row[0] == 0:
        files.tiles(connection)
    return {"groups": row[0], "files": int(row[1]), "groups_pending": row[2]}


def plan_stacks(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task per group with files that are not stacked, streamed.

    With `force_reprocess`, one task per group.
    """
    if job.parameters.get("dry_run"):
        return
    files = FathomFiles(job)
    scenario = [func.min(files.metadata[key].astext).label(key) for key in SCENARIO_KEYS]
    file = func.jsonb_build_object(
        "return_period", files.metadata["return_period"], "path", files.c.source_blob_path
    )
    query = _groups(
        connection,
        files,
        job,
        func.min(files.tile).label("tile"),
        *scenario,
        func.jsonb_agg(file).label("files"),
    )
    if not job.parameters.get("force_reprocess"):
        query = query.having(_pending(files, job) > 0)
    rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    for row in rows.mappings():
        yield _task(job.parameters, dict(row))


def record_stack(connection: Connection, job: Job, task: Task, result: Result) -> None:
    """Marks the files of the group as stacked."""
    group = task.parameters["tile_group"]
    complete(
        connection,
        job,
        [file["path"] for file in group["files"]],
        output=result["output_blob"],
        group=group["output_name"],
        again=bool(job.parameters.get("force_reprocess")),
    )


def stack_scope(connection: Connection, job: Job) -> Scope:
    """The groups that would be stacked. Raises TaskError for a region without files."""
    files = FathomFiles(job)
    pending = func.count() if job.parameters.get("force_reprocess") else _pending(files, job)
    groups = _groups(connection, files, job, pending.label("pending"))
    scope = counted(connection, job.parameters, groups.subquery())
    if scope.groups == 0:
        files.tiles(connection)
    return scope


def _pending(files: FathomFiles, job: Job) -> ColumnElement[int]:
    return func.count().filter(files.completed_at(job.phase).is_(None))


def _groups(
    connection: Connection, files: FathomFiles, job: Job, *columns: ColumnElement[Any]
) -> Select[Any]:
    """One row per group in the job's scope: output_name and the given columns."""
    group = files.group(job.phase)
    conditions = [*files.in_region(), *files.in_filters(), group.is_not(None)]
    if job.parameters.get("bbox"):
        tiles = intersecting(files.tiles(connection), job.parameters["bbox"])
        conditions.append(files.tile.in_(tiles))
    query = select(group.label("output_name"), *columns).where(*conditions)
    return query.group_by(group).order_by(group)


def _task(parameters: Parameters, group: dict[str, Any]) -> Parameters:
    region = region_of(parameters)
    path = stacked_path(parameters["output_prefix"], region, group["tile"], group["output_name"])
    tile_group = {**group, "region": region, "year": int(group["year"])}
    return {"tile_group": tile_group, **task_parameters(parameters, path)}


STACK = JobType(
    "process_fathom_stack",
    (
        Stage("tile_inventory", "fathom_tile_inventory", query=tile_inventory),
        Stage(
            "band_stack",
            STACK_TASK,
            plan=plan_stacks,
            work=stack_bands,
            record=record_stack,
        ),
        Stage(
            "stac_register",
            "fathom_stac_register",
            work=register_collection,
            lock=place_of_collection,
        ),
    ),
    stack_scope,
)
