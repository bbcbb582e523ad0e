"""Grid cells: which cell a tile lies in, and writing it to files whose merge is still to come."""

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

from jobs.fathom.naming import ETL_TYPE, SCENARIO_KEYS, grid_cell
from jobs.fathom.scope import IS_FATHOM, METADATA, TILE
from jobs.source_files import SOURCE_FILES
from jobs.stages import Job, Result


def assign_grid_cells(connection: Connection, job: Job) -> Result:
    """Gives the inventory's files that are not merged their cell; a dry run changes nothing."""
    if job.parameters.get("dry_run"):
        return {"changed": 0}
    files = SOURCE_FILES.c
    below = job.parameters["base_prefix"].strip("/")
    conditions = [
        files.etl_type == ETL_TYPE,
        files.source_container == job.parameters["source_container"],
        func.starts_with(files.source_blob_path, f"{below}/" if below else ""),
        files.phase2_completed_at.is_(None),
        IS_FATHOM,
    ]
    return {"changed": write_cells(connection, job.parameters["grid_size"], conditions)}


def write_cells(
    connection: Connection, grid_size: int, conditions: Sequence[ColumnElement[bool]]
) -> int:
    """Writes cell and phase 2 group where they differ from the grid's; how many files differed."""
    tiles = connection.scalars(select(TILE).where(*conditions).distinct()).all()
    cells = cells_of(tiles, grid_size)
    scenario = [METADATA[key].astext for key in SCENARIO_KEYS]
    group_key = func.concat_ws("-", *scenario, cells.c.cell)
    differs = or_(
        METADATA["grid_cell"].astext.is_distinct_from(cells.c.cell),
        SOURCE_FILES.c.phase2_group_key.is_distinct_from(group_key),
    )
    statement = update(SOURCE_FILES).where(*conditions, cells.c.tile == TILE, differs)
    values = {
        "source_metadata": METADATA.concat(func.jsonb_build_object("grid_cell", cells.c.cell)),
        "phase2_group_key": group_key,
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
