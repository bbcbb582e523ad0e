"""The two raster job types: the same stages, for small and for large files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from jobs.collection import place_of_collection
from jobs.raster.conversion import (
    create_cog,
    large_scope,
    plan_large,
    plan_small,
    record_cog,
    small_scope,
)
from jobs.raster.extraction import extract_stac
from jobs.raster.validation import record_rasters, validate
from jobs.stages import Job, JobType, Parameters, Scope, Stage


def _raster_job(
    name: str,
    plan: Callable[[Connection, Job], Iterator[Parameters]],
    scope: Callable[[Connection, Job], Scope],
) -> JobType:
    return JobType(
        name,
        (
            Stage("validate", "raster_validate", work=validate, record=record_rasters),
            Stage("create_cog", "raster_create_cog", plan, create_cog, record=record_cog),
            Stage(
                "extract_stac",
                "raster_extract_stac",
                work=extract_stac,
                lock=place_of_collection,
            ),
        ),
        scope,
    )


RASTERS = _raster_job("process_raster_v2", plan_small, small_scope)
LARGE_RASTERS = _raster_job("process_large_raster_v2", plan_large, large_scope)

JOB_TYPES = (RASTERS, LARGE_RASTERS)
