"""Selects the source files of a FATHOM job by region, bounding box and filters, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, Subquery, and_, case, func, select, text

from database.tables import source_files
from jobs.fathom.naming import tile_bounds
from jobs.source_files import group_column
from jobs.stages import Job, Parameters, Scope, TaskError
from pipelines.models import Phase

# For files outside any region folder; jobs and the dashboard use the same name.
NO_REGION = "not set"


class FathomFiles:
    """The source files of a job's pipeline, with the columns from its registry entry."""

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
        """A file's group in a phase. Raises TaskError if the phase has no `group_key`."""
        return group_column(self.table, phase)

    @cached_property
    def is_fathom(self) -> ColumnElement[bool]:
        """Condition: the metadata has what a task needs, which other writers don't guarantee."""
        return and_(
            self.tile.regexp_match("^[ns][0-9]{2}[ew][0-9]{3}$"),
            self.metadata["year"].astext.regexp_match("^[0-9]{4}$"),
            self.metadata["flood_type"].astext.is_not(None),
            self.metadata["defense"].astext.is_not(None),
        )

    def in_region(self) -> list[ColumnElement[bool]]:
        """Conditions: the files of the job's region, ignoring case."""
        region = func.lower(self.metadata["region"].astext)
        here = region.is_not_distinct_from(region_of(self.parameters))
        # PostgreSQL may evaluate conditions in any order, cheapest first. CASE makes sure that
        # `is_fathom` is only evaluated for this region's files.
        return [self.c.etl_type == self.etl_type, here, case((here, self.is_fathom))]

    def in_filters(self) -> list[ColumnElement[bool]]:
        """Conditions for flood types, years and SSPs; empty filters select everything.

        Filtering by SSP excludes 2020, which has none.
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
        """The region's tiles, sorted. Raises TaskError for a region without files."""
        query = select(self.tile).where(*self.in_region()).distinct()
        tiles = connection.scalars(query).all()
        if not tiles:
            raise TaskError(
                _unknown_region(connection, self.etl_type, self.parameters["region_code"])
            )
        return sorted(tiles)


def region_of(parameters: Parameters) -> str | None:
    """The job's region in lower case; None for files without a region."""
    region = str(parameters["region_code"]).strip().lower()
    return None if region == NO_REGION else region


def intersecting(tiles: Sequence[str], bbox: Sequence[float] | None) -> list[str]:
    """The tiles that overlap a bounding box in degrees; all tiles if there is none."""
    if not bbox:
        return list(tiles)
    boxes = ((tile, tile_bounds(tile)) for tile in tiles)
    return [
        tile
        for tile, (west, south, east, north) in boxes
        if west < bbox[2] and east > bbox[0] and south < bbox[3] and north > bbox[1]
    ]


def counted(connection: Connection, parameters: Parameters, groups: Subquery) -> Scope:
    """How many groups have pending files, and how many files; `groups` has a column `pending`."""
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
