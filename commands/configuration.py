"""Creates what the settings describe: the registry, and the destination of submitted jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.registry import Registry, load_registry
from settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from jobs.submission import Destination


def registry_of(settings: Settings) -> Registry:
    """The built-in pipelines and those of PIPELINES_DIR. Raises RegistryError."""
    return load_registry(settings.pipelines_dir, built_in=settings.built_in)


def destination_of(settings: Settings, registry: Registry, engine: Engine) -> Destination:
    """The platform, this project's runner, or NoDestination. Raises CatalogError."""
    from jobs.catalog import load_job_types
    from jobs.platform import Platform
    from jobs.runner_queue import RunnerQueue
    from jobs.submission import NoDestination

    if settings.platform_url is not None:
        return Platform(settings.platform_url, engine)
    if not settings.runs_jobs:
        return NoDestination()
    return RunnerQueue(engine, load_job_types(settings.jobs_module), registry)
