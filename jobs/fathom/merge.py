"""Phase 2: the stacked tiles of a grid cell and scenario become one raster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, literal, or_, select

from jobs.collection import place_of_collection, register_collection
from jobs.fathom.grid import cells_of, write_cells
from jobs.fathom.naming import (
    ETL_TYPE,
    SCENARIO_KEYS,
    Scenario,
    grid_cell,
    merged_path,
    stacked_path,
)
from jobs.fathom.outputs import task_parameters
from jobs.fathom.scope import (
    METADATA,
    TILE,
    counted,
    in_filters,
    in_region,
    intersecting,
    region_of,
    tiles_of,
)
from jobs.fathom.spatial_merge import merge_tiles
from jobs.source_files import ROWS_AT_A_TIME, SOURCE_FILES, Completion, complete
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task


def grid_inventory(connection: Connection, job: Job) -> Result:
    """Fits the files to the job's grid, and counts its cells: one per scenario and grid cell.

    Merged files keep the cell they were merged in, except by force. Raises TaskError for a region
    of which no file is known.
    """
    parameters = job.parameters
    groups = _groups(connection, parameters).subquery()
    counted = select(func.count(), func.count().filter(groups.c.pending > 0)).select_from(groups)
    total, pending = connection.execute(counted).one()
    result = {"groups": total, "groups_pending": pending, "changed": 0}
    if not parameters.get("dry_run"):
        conditions = [*in_region(parameters), *in_filters(parameters)]
        if not parameters.get("force_reprocess"):
            conditions.append(SOURCE_FILES.c.phase2_completed_at.is_(None))
        result["changed"] = write_cells(connection, parameters["grid_size"], conditions)
    return result


def plan_merges(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task for each cell with a file that is stacked and not merged, streamed.

    A task merges every stacked tile of its cell, so that the output is always complete.
    """
    if job.parameters.get("dry_run"):
        return
    groups = _groups(connection, job.parameters).subquery()
    pending = select(groups).where(groups.c.pending > 0)
    rows = connection.execute(pending, execution_options={"yield_per": ROWS_AT_A_TIME})
    for row in rows.mappings():
        yield _task(job.parameters, dict(row))


def record_merge(connection: Connection, job: Job, task: Task, result: Result) -> None:
    """Marks the cell's files as merged, and keeps the cell they were merged in."""
    group = task.parameters["grid_group"]
    done = Completion(
        ETL_TYPE,
        2,
        group["output_name"],
        group["files"],
        result["output_blob"],
        job.job_id,
        again=bool(job.parameters.get("force_reprocess")),
        metadata={"grid_cell": group["grid_cell"]},
    )
    complete(connection, done)


def merge_scope(connection: Connection, parameters: Parameters) -> Scope:
    """The cells that would be merged. Raises TaskError for a region of which no file is known."""
    return counted(connection, parameters, _groups(connection, parameters).subquery())


def _groups(connection: Connection, parameters: Parameters) -> Select[Any]:
    """One row per scenario and cell with stacked files: tiles, files to mark, pending (files)."""
    files = SOURCE_FILES.c
    stacked = files.phase1_completed_at.is_not(None)
    again = literal(bool(parameters.get("force_reprocess")))
    pending = or_(again, files.phase2_completed_at.is_(None))
    cells = cells_of(_tiles(connection, parameters), parameters["grid_size"])
    scenario = [METADATA[key].astext.label(key) for key in SCENARIO_KEYS]
    source = (
        select(*scenario, cells.c.cell, TILE.label("tile"), files.phase1_group_key.label("stack"))
        .add_columns(files.source_blob_path.label("path"), pending.label("pending"))
        .where(*in_region(parameters), *in_filters(parameters), stacked, cells.c.tile == TILE)
        .subquery()
    )
    by = [source.c[key] for key in (*SCENARIO_KEYS, "cell")]
    tile = func.jsonb_build_object("tile", source.c.tile, "stack", source.c.stack)
    return (
        select(
            *by,
            func.jsonb_agg(tile.distinct()).label("tiles"),
            func.jsonb_agg(source.c.path).filter(source.c.pending).label("files"),
            func.count().filter(source.c.pending).label("pending"),
        )
        .group_by(*by)
        .order_by(*by)
    )


def _tiles(connection: Connection, parameters: Parameters) -> list[str]:
    """The tiles of all cells that the bounding box touches, also those outside of it."""
    tiles, size = tiles_of(connection, parameters), parameters["grid_size"]
    cells = {grid_cell(tile, size) for tile in intersecting(tiles, parameters.get("bbox"))}
    return [tile for tile in tiles if grid_cell(tile, size) in cells]


def _task(parameters: Parameters, row: dict[str, Any]) -> Parameters:
    region, year = region_of(parameters), int(row["year"])
    scenario = Scenario(row["flood_type"], row["defense"], year, row["ssp"])
    name = scenario.phase2_group_key(row["cell"])
    source = parameters["source_prefix"]
    tiles = [
        {"tile": tile["tile"], "path": stacked_path(source, region, tile["tile"], tile["stack"])}
        for tile in row["tiles"]
    ]
    group = {
        "output_name": name,
        "grid_cell": row["cell"],
        "region": region,
        **{key: row[key] for key in SCENARIO_KEYS},
        "year": year,
        "tiles": tiles,
        "files": row["files"],
    }
    path = merged_path(parameters["output_prefix"], region, name)
    return {"grid_group": group, **task_parameters(parameters, path)}


MERGE = JobType(
    "process_fathom_merge",
    (
        Stage("grid_inventory", "fathom_grid_inventory", query=grid_inventory),
        Stage(
            "spatial_merge",
            "fathom_spatial_merge",
            plan=plan_merges,
            work=merge_tiles,
            record=record_merge,
        ),
        Stage(
            "stac_register",
            "fathom_stac_register",
            work=register_collection,
            lock=place_of_collection,
        ),
    ),
    merge_scope,
)
