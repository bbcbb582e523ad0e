"""Which source files a FATHOM job is about: its region, bounding box and filters, as SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select, text

from jobs.fathom.naming import ETL_TYPE, tile_bounds
from jobs.source_files import SOURCE_FILES
from jobs.stages import Parameters, Scope, TaskError

# Files that lie in no region's folder have none; a job names them as the dashboard does.
NO_REGION = "not set"

METADATA = SOURCE_FILES.c.source_metadata
REGION = func.lower(METADATA["region"].astext)
TILE: ColumnElement[str] = METADATA["tile"].astext
# Metadata is anybody's text: what does not name a tile and a year can't be worked on.
IS_FATHOM = and_(
    TILE.regexp_match("^[ns][0-9]{2}[ew][0-9]{3}$"),
    METADATA["year"].astext.regexp_match("^[0-9]{4}$"),
    METADATA["flood_type"].astext.is_not(None),
    METADATA["defense"].astext.is_not(None),
)


def region_of(parameters: Parameters) -> str | None:
    """The region a job names, in lower case; none for files without a region."""
    region = str(parameters["region_code"]).strip().lower()
    return None if region == NO_REGION else region


def in_region(parameters: Parameters) -> list[ColumnElement[bool]]:
    """Conditions: the files of the job's region, in whatever case it is written."""
    here = REGION.is_not_distinct_from(region_of(parameters))
    # PostgreSQL looks at what is cheap first: in a case of its own, the names of all other regions'
    # files are left alone.
    return [SOURCE_FILES.c.etl_type == ETL_TYPE, here, case((here, IS_FATHOM))]


def in_filters(parameters: Parameters) -> list[ColumnElement[bool]]:
    """Conditions: flood types, years and SSPs; an empty filter lets all through.

    Naming any SSP leaves 2020 out, as it has none.
    """
    wanted = {
        "flood_type": parameters.get("flood_types"),
        "year": parameters.get("years"),
        "ssp": parameters.get("ssp_scenarios"),
    }
    return [
        METADATA[key].astext.in_([str(value).lower() for value in values])
        for key, values in wanted.items()
        if values
    ]


def in_tiles(tiles: Sequence[str]) -> ColumnElement[bool]:
    """Condition: the files of these tiles."""
    return TILE.in_(tiles)


def tiles_of(connection: Connection, parameters: Parameters) -> list[str]:
    """The region's tiles, sorted. Raises TaskError for a region without any file."""
    tiles = connection.scalars(select(TILE).where(*in_region(parameters)).distinct()).all()
    if not tiles:
        raise TaskError(_unknown_region(connection, parameters["region_code"]))
    return sorted(tiles)


def intersecting(tiles: Sequence[str], bbox: Sequence[float] | None) -> list[str]:
    """The tiles that share some area with a bounding box in degrees; all of them without one."""
    if not bbox:
        return list(tiles)
    boxes = ((tile, tile_bounds(tile)) for tile in tiles)
    return [
        tile
        for tile, (west, south, east, north) in boxes
        if west < bbox[2] and east > bbox[0] and south < bbox[3] and north > bbox[1]
    ]


def counted(connection: Connection, parameters: Parameters, groups: Subquery) -> Scope:
    """How many groups have a pending file, and how many such files; `groups` has `pending`."""
    if parameters.get("dry_run"):
        return Scope(note="A dry run counts the groups, and does nothing.")
    left = select(func.count(), func.coalesce(func.sum(groups.c.pending), 0))
    count, files = connection.execute(left.where(groups.c.pending > 0)).one()
    return Scope(count, int(files))


def _unknown_region(connection: Connection, region: str) -> str:
    known = connection.scalars(_REGIONS, {"etl_type": ETL_TYPE, "no_region": NO_REGION}).all()
    return (
        f"No source file of region {region!r} is known; run the inventory with "
        f"base_prefix={region} first. Known regions: {', '.join(known) or 'none'}"
    )


_REGIONS = text(
    """
    SELECT DISTINCT left(COALESCE(source_metadata ->> 'region', :no_region), 40) AS region
    FROM app.etl_source_files WHERE etl_type = :etl_type ORDER BY region LIMIT 20
    """
)
