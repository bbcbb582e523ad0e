"""The job types that the runner can do."""

from __future__ import annotations

from jobs.fathom.inventory import INVENTORY
from jobs.fathom.merge import MERGE
from jobs.fathom.stack import STACK
from jobs.raster.job_types import LARGE_RASTERS, RASTERS
from jobs.stages import JobType

JOB_TYPES: dict[str, JobType] = {
    job_type.name: job_type for job_type in (INVENTORY, STACK, MERGE, RASTERS, LARGE_RASTERS)
}
