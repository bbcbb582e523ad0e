"""Prepares the folder of the embedded database and the files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from pipelines.locations import container_mistake
from pipelines.registry import Registry
from settings import Settings


def prepare_workspace(settings: Settings, registry: Registry) -> None:
    """Creates the folder. Containers that an earlier version put beside the database are moved."""
    settings.workspace.mkdir(parents=True, exist_ok=True)
    if settings.storage is not None:
        return
    files = Path(settings.storage_root)
    for name in sorted(_containers(registry) - settings.places.keys()):
        old, new = settings.workspace / name, files / name
        if old.is_dir() and not new.exists():
            files.mkdir(exist_ok=True)
            # Another process that starts now may be quicker.
            with suppress(FileNotFoundError):
                old.rename(new)
                click.echo(f"{old} was moved to {new}, apart from the database.")


def _containers(registry: Registry) -> set[str]:
    """What the pipelines name as containers, also those that don't say what they read."""
    found: set[str] = set()
    for pipeline in registry.values():
        found |= pipeline.containers
        for action in pipeline.submit_actions:
            named = (one for one in action.parameters if one.name.endswith("container"))
            found |= {one.default for one in named if isinstance(one.default, str)}
    return {name for name in found if name and not container_mistake(name)}
