"""Creates what the settings describe: the registry, and the destination of submitted jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.registry import Registry, load_registry
from settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from access.policy import Policy
    from jobs.storage import Storage
    from jobs.submission import Destination


def registry_of(settings: Settings) -> Registry:
    """The built-in pipelines and those of PIPELINES_DIR. Raises RegistryError."""
    return load_registry(settings.pipelines_dir, built_in=settings.built_in)


def policy_of(settings: Settings) -> Policy:
    """Who may see and change what. Raises AccessError for settings that contradict each other."""
    from access.clients import names, networks
    from access.hosts import allowed_hosts
    from access.policy import Policy
    from access.tokens import read_tokens

    return Policy(
        hosts=allowed_hosts(settings.host, names(settings.allowed_hosts)),
        read_only=settings.read_only,
        user_header=settings.auth_user_header,
        groups_header=settings.auth_groups_header,
        proxies=networks(settings.trusted_proxies),
        submitters=names(settings.submitter_groups),
        viewers=names(settings.viewer_groups),
        tokens=read_tokens(settings.api_tokens),
    )


def storage_of(settings: Settings) -> Storage:
    """Where the containers are."""
    from jobs.storage import Storage

    return Storage(settings.storage_root, settings.places)


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
    return RunnerQueue(engine, load_job_types(settings.jobs_module), registry, storage_of(settings))
