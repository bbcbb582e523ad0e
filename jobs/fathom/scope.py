"""Which source files a FATHOM job is about: its region, bounding box and filters, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select, text

from database.tables import source_files
from jobs.fathom.naming import tile_bounds
from jobs.stages import Job, Parameters, Scope, TaskError
from pipelines.models import Phase

# Files that lie in no region's folder have none; a job names them as the dashboard does.
NO_REGION = "not set"


class FathomFiles:
    """The source files of a job's pipeline, with the columns that its registry entry names."""

    def __init__(self, job: Job) -> None:
        self.parameters = job.parameters
        self.etl_type = job.pipeline.etl_type
        self.table = source_files(job.pipeline)
        self.c = self.table.c
        self.metadata = self.c.source_metadata
        self.tile: ColumnElement[str] = self.metadata["tile"].astext

    def completed_at(self, phase: Phase) -> ColumnElement[object]:
        """When a file was completed in a phase."""
        return self.c[phase.completed_field]

    def group(self, phase: Phase) -> ColumnElement[str]:
        """A file's group in a phase. Raises TaskError where the registry names no column for it."""
        if phase.group_key is None:
            raise TaskError(f"Phase '{phase.id}' has no `group_key` in the pipeline's file; add it")
        return self.c[phase.group_key]

    @cached_property
    def is_fathom(self) -> ColumnElement[bool]:
        """Condition: metadata is anybody's text; without a tile and a year there is no work."""
        return and_(
            self.tile.regexp_match("^[ns][0-9]{2}[ew][0-9]{3}$"),
            self.metadata["year"].astext.regexp_match("^[0-9]{4}$"),
            self.metadata["flood_type"].astext.is_not(None),
            self.metadata["defense"].astext.is_not(None),
        )

    def in_region(self) -> list[ColumnElement[bool]]:
        """Conditions: the files of the job's region, in whatever case it is written."""
        region = func.lower(self.metadata["region"].astext)
        here = region.is_not_distinct_from(region_of(self.parameters))
        # PostgreSQL looks at what is cheap first: in a case of its own, the names of all other
        # regions' files are left alone.
        return [self.c.etl_type == self.etl_type, here, case((here, self.is_fathom))]

    def in_filters(self) -> list[ColumnElement[bool]]:
        """Conditions: flood types, years and SSPs; an empty filter lets all through.

        Naming any SSP leaves 2020 out, as it has none.
        """
        wanted = {
            "flood_type": self.parameters.get("flood_types"),
            "year": self.parameters.get("years"),
            "ssp": self.parameters.get("ssp_scenarios"),
        }
        return [
            self.metadata[key].astext.in_([str(value).lower() for value in values])
            for key, values in wanted.items()
            if values
        ]

    def tiles(self, connection: Connection) -> list[str]:
        """The region's tiles, sorted. Raises TaskError for a region without any file."""
        query = select(self.tile).where(*self.in_region()).distinct()
        tiles = connection.scalars(query).all()
        if not tiles:
            raise TaskError(
                _unknown_region(connection, self.etl_type, self.parameters["region_code"])
            )
        return sorted(tiles)


def region_of(parameters: Parameters) -> str | None:
    """The region a job names, in lower case; none for files without a region."""
    region = str(parameters["region_code"]).strip().lower()
    return None if region == NO_REGION else region


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


def _unknown_region(connection: Connection, etl_type: str, region: str) -> str:
    known = connection.scalars(_REGIONS, {"etl_type": etl_type, "no_region": NO_REGION}).all()
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
