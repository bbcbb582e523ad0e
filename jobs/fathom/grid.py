"""Grid cells: which cell a tile is in, and writing it to files that are not merged yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    TableValuedAlias,
    Text,
    column,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from jobs.fathom.naming import SCENARIO_KEYS, grid_cell
from jobs.fathom.scope import FathomFiles
from jobs.stages import Job, Result
from pipelines.models import Phase

MERGE_TASK = "fathom_spatial_merge"


def assign_grid_cells(connection: Connection, job: Job) -> Result:
    """Sets the cell of the inventory's files that are not merged; a dry run changes nothing."""
    merge = job.pipeline.phase_of_task(MERGE_TASK)
    if merge is None or job.parameters.get("dry_run"):
        return {"changed": 0}
    files = FathomFiles(job)
    below = job.parameters["base_prefix"].strip("/")
    conditions = [
        files.c.etl_type == files.etl_type,
        files.c.source_container == job.parameters["source_container"],
        func.starts_with(files.c.source_blob_path, f"{below}/" if below else ""),
        files.completed_at(merge).is_(None),
        files.is_fathom,
    ]
    grid_size = job.parameters["grid_size"]
    return {"changed": write_cells(connection, files, merge, grid_size, conditions)}


def write_cells(
    connection: Connection,
    files: FathomFiles,
    merge: Phase,
    grid_size: int,
    conditions: Sequence[ColumnElement[bool]],
) -> int:
    """Writes cell and merge group of files where they differ. Returns how many files differed."""
    tiles = connection.scalars(select(files.tile).where(*conditions).distinct()).all()
    cells = cells_of(tiles, grid_size)
    scenario = [files.metadata[key].astext for key in SCENARIO_KEYS]
    name, group = func.concat_ws("-", *scenario, cells.c.cell), files.group(merge)
    differs = or_(
        files.metadata["grid_cell"].astext.is_distinct_from(cells.c.cell),
        group.is_distinct_from(name),
    )
    statement = update(files.table).where(*conditions, cells.c.tile == files.tile, differs)
    cell = func.jsonb_build_object("grid_cell", cells.c.cell)
    values = {
        "source_metadata": files.metadata.concat(cell),
        group.name: name,
        "updated_at": func.now(),
    }
    return int(connection.execute(statement.values(values)).rowcount)


def cells_of(tiles: Sequence[str], grid_size: int) -> TableValuedAlias:
    """One row per tile, for a query to join: tile, cell; `grid_size` in degrees."""
    rows = [{"tile": tile, "cell": grid_cell(tile, grid_size)} for tile in tiles]
    return (
        func.jsonb_to_recordset(literal(rows, JSONB))
        .table_valued(column("tile", Text), column("cell", Text))
        .render_derived(name="cells", with_types=True)
    )
