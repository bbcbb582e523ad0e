"""The job types of the settings, with a mistake in one as a message."""

from __future__ import annotations

from collections.abc import Mapping

import click

from jobs.catalog import CatalogError, load_job_types
from jobs.stages import JobType
from settings import Settings


def job_types_of(settings: Settings) -> Mapping[str, JobType]:
    """The installed job types and those of JOBS_MODULE. Raises click.ClickException."""
    try:
        return load_job_types(settings.jobs_module)
    except CatalogError as error:
        raise click.ClickException(str(error)) from error
