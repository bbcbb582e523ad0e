"""Phase 1: the eight return periods of a tile and scenario become one raster of eight bands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from jobs.collection import place_of_collection, register_collection
from jobs.fathom.band_stack import stack_bands
from jobs.fathom.naming import ETL_TYPE, SCENARIO_KEYS, stacked_path
from jobs.fathom.outputs import task_parameters
from jobs.fathom.scope import (
    METADATA,
    TILE,
    counted,
    in_filters,
    in_region,
    in_tiles,
    intersecting,
    region_of,
    tiles_of,
)
from jobs.source_files import ROWS_AT_A_TIME, SOURCE_FILES, Completion, complete
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task

GROUP = SOURCE_FILES.c.phase1_group_key
PENDING = func.count().filter(SOURCE_FILES.c.phase1_completed_at.is_(None))


def tile_inventory(connection: Connection, job: Job) -> Result:
    """How many groups and files the job is about, and how many groups it has to stack.

    Raises TaskError for a region of which no file is known.
    """
    files, pending = func.count().label("files"), PENDING.label("pending")
    groups = _groups(connection, job.parameters, files, pending).subquery()
    row = connection.execute(
        select(
            func.count(),
            func.coalesce(func.sum(groups.c.files), 0),
            func.count().filter(groups.c.pending > 0),
        ).select_from(groups)
    ).one()
    if row[0] == 0:
        tiles_of(connection, job.parameters)
    return {"groups": row[0], "files": int(row[1]), "groups_pending": row[2]}


def plan_stacks(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task for each group with a file that is not stacked, streamed; all of them by force."""
    if job.parameters.get("dry_run"):
        return
    scenario = [func.min(METADATA[key].astext).label(key) for key in SCENARIO_KEYS]
    file = func.jsonb_build_object(
        "return_period", METADATA["return_period"], "path", SOURCE_FILES.c.source_blob_path
    )
    query = _groups(
        connection,
        job.parameters,
        func.min(TILE).label("tile"),
        *scenario,
        func.jsonb_agg(file).label("files"),
    )
    if not job.parameters.get("force_reprocess"):
        query = query.having(PENDING > 0)
    rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    for row in rows.mappings():
        yield _task(job.parameters, dict(row))


def record_stack(connection: Connection, job: Job, task: Task, result: Result) -> None:
    """Marks the files of the group as stacked."""
    group = task.parameters["tile_group"]
    done = Completion(
        ETL_TYPE,
        1,
        group["output_name"],
        [file["path"] for file in group["files"]],
        result["output_blob"],
        job.job_id,
        again=bool(job.parameters.get("force_reprocess")),
    )
    complete(connection, done)


def stack_scope(connection: Connection, parameters: Parameters) -> Scope:
    """The groups that would be stacked. Raises TaskError for a region of which no file is known."""
    pending = func.count() if parameters.get("force_reprocess") else PENDING
    groups = _groups(connection, parameters, pending.label("pending"))
    scope = counted(connection, parameters, groups.subquery())
    if scope.groups == 0:
        tiles_of(connection, parameters)
    return scope


def _groups(
    connection: Connection, parameters: Parameters, *columns: ColumnElement[Any]
) -> Select[Any]:
    """One row per group in the job's scope: output_name, and what is asked for."""
    conditions = [*in_region(parameters), *in_filters(parameters), GROUP.is_not(None)]
    if parameters.get("bbox"):
        tiles = tiles_of(connection, parameters)
        conditions.append(in_tiles(intersecting(tiles, parameters["bbox"])))
    query = select(GROUP.label("output_name"), *columns).where(*conditions)
    return query.group_by(GROUP).order_by(GROUP)


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
            "fathom_band_stack",
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
