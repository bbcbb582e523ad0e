"""Phase 2: merges the stacked tiles of a grid cell and scenario into one raster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, func, literal, or_, select

from jobs.collection import place_of_collection, register_collection
from jobs.fathom.grid import MERGE_TASK, cells_of, write_cells
from jobs.fathom.naming import SCENARIO_KEYS, Scenario, grid_cell, merged_path, stacked_path
from jobs.fathom.outputs import task_parameters
from jobs.fathom.scope import FathomFiles, counted, intersecting, region_of
from jobs.fathom.spatial_merge import merge_tiles
from jobs.source_files import ROWS_AT_A_TIME, complete
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task, TaskError
from pipelines.models import Phase


def grid_inventory(connection: Connection, job: Job) -> Result:
    """Assigns the files to the job's grid, and counts its groups: one per scenario and grid cell.

    Merged files keep the cell they were merged in, except with `force_reprocess`. Raises TaskError
    for a region without files.
    """
    parameters, files = job.parameters, FathomFiles(job)
    groups = _groups(connection, job).subquery()
    counted = select(func.count(), func.count().filter(groups.c.pending > 0)).select_from(groups)
    total, pending = connection.execute(counted).one()
    result = {"groups": total, "groups_pending": pending, "changed": 0}
    if not parameters.get("dry_run"):
        conditions = [*files.in_region(), *files.in_filters()]
        if not parameters.get("force_reprocess"):
            conditions.append(files.completed_at(job.phase).is_(None))
        grid_size = parameters["grid_size"]
        result["changed"] = write_cells(connection, files, job.phase, grid_size, conditions)
    return result


def plan_merges(connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task per cell with files that are stacked and not merged, streamed.

    A task merges all stacked tiles of its cell, so that the output is always complete. With
    `force_reprocess`, merged files count as not merged.
    """
    if job.parameters.get("dry_run"):
        return
    groups = _groups(connection, job).subquery()
    pending = select(groups).where(groups.c.pending > 0)
    rows = connection.execute(pending, execution_options={"yield_per": ROWS_AT_A_TIME})
    for row in rows.mappings():
        yield _task(job.parameters, dict(row))


def record_merge(connection: Connection, job: Job, task: Task, result: Result) -> None:
    """Marks the cell's files as merged, and stores the cell they were merged in."""
    group = task.parameters["grid_group"]
    complete(
        connection,
        job,
        group["files"],
        output=result["output_blob"],
        group=group["output_name"],
        again=bool(job.parameters.get("force_reprocess")),
        metadata={"grid_cell": group["grid_cell"]},
    )


def merge_scope(connection: Connection, job: Job) -> Scope:
    """The cells that would be merged. Raises TaskError for a region without files."""
    return counted(connection, job.parameters, _groups(connection, job).subquery())


def _groups(connection: Connection, job: Job) -> Select[Any]:
    """One row per scenario and cell with stacked files: tiles, files to mark, pending (files)."""
    parameters, files, stack = job.parameters, FathomFiles(job), _stack_phase(job)
    stacked = files.completed_at(stack).is_not(None)
    again = literal(bool(parameters.get("force_reprocess")))
    pending = or_(again, files.completed_at(job.phase).is_(None))
    cells = cells_of(_tiles(connection, files), parameters["grid_size"])
    scenario = [files.metadata[key].astext.label(key) for key in SCENARIO_KEYS]
    tile, stacks = files.tile.label("tile"), files.group(stack).label("stack")
    source = (
        select(*scenario, cells.c.cell, tile, stacks)
        .add_columns(files.c.source_blob_path.label("path"), pending.label("pending"))
        .where(*files.in_region(), *files.in_filters(), stacked, cells.c.tile == files.tile)
        .subquery()
    )
    by = [source.c[key] for key in (*SCENARIO_KEYS, "cell")]
    stacked_tile = func.jsonb_build_object("tile", source.c.tile, "stack", source.c.stack)
    return (
        select(
            *by,
            func.jsonb_agg(stacked_tile.distinct()).label("tiles"),
            func.jsonb_agg(source.c.path).filter(source.c.pending).label("files"),
            func.count().filter(source.c.pending).label("pending"),
        )
        .group_by(*by)
        .order_by(*by)
    )


def _stack_phase(job: Job) -> Phase:
    """The phase whose outputs are merged: the previous one."""
    phase = job.pipeline.phase_before(job.phase)
    if phase is None:
        raise TaskError(
            f"Phase '{job.phase.id}' is the first one of pipeline '{job.pipeline.id}'; "
            "it merges what a phase before it stacked: add that phase to the pipeline's file"
        )
    return phase


def _tiles(connection: Connection, files: FathomFiles) -> list[str]:
    """All tiles of the cells that the bounding box touches, also tiles outside the box."""
    parameters, tiles = files.parameters, files.tiles(connection)
    size = parameters["grid_size"]
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
            MERGE_TASK,
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
