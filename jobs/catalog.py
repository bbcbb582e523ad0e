"""Loads the runner's job types from installed packages and from JOBS_MODULE.

A package provides job types in the entry-point group `pipeline_monitor.job_types`; each entry point
names one JobType or several. The built-in job types use the same mechanism (pyproject.toml).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from jobs.stages import JobType
from pipelines.errors import MonitorError

GROUP = "pipeline_monitor.job_types"


class CatalogError(MonitorError):
    """A job type can't be loaded; the message says which, from where, and what to do."""


def load_job_types(module: str | None = None) -> dict[str, JobType]:
    """The job types of the installed packages and of a module, by name.

    module: the path of a Python file, or a module's dotted name. Raises CatalogError if a source
    can't be imported, provides something that is not a JobType, or repeats a name.
    """
    found: dict[str, JobType] = {}
    origins: dict[str, str] = {}
    for origin, job_type in _offered(module):
        if job_type.name in found:
            raise CatalogError(
                f"Job type '{job_type.name}' is offered by {origins[job_type.name]} and by "
                f"{origin}; rename one of the two"
            )
        found[job_type.name], origins[job_type.name] = job_type, origin
    return found


def file_of(module: str | None) -> Path | None:
    """The path of a module that is given as a file, else None."""
    return Path(module) if module and module.endswith(".py") else None


def _offered(module: str | None) -> Iterator[tuple[str, JobType]]:
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        origin = f"entry point '{point.name}' ({point.value})"
        try:
            offered = point.load()
        except Exception as error:
            raise CatalogError(f"{origin} can't be loaded: {_text(error)}") from error
        for job_type in _job_types(origin, offered):
            yield origin, job_type
    if module:
        origin = f"JOBS_MODULE ({module})"
        loaded = _load(origin, module)
        own = [value for value in vars(loaded).values() if isinstance(value, JobType)]
        offered = getattr(loaded, "JOB_TYPES", own)
        if not offered:
            raise CatalogError(f"{origin} has no job type; define a JobType in it")
        for job_type in _job_types(origin, offered):
            yield origin, job_type


def _job_types(origin: str, offered: Any) -> list[JobType]:
    if isinstance(offered, JobType):
        return [offered]
    values = offered.values() if isinstance(offered, dict) else offered
    found = list(values) if isinstance(values, Iterable) else [values]
    for value in found:
        if not isinstance(value, JobType):
            raise CatalogError(f"{origin} offers {value!r}; expected a JobType")
    return found


def _load(origin: str, module: str) -> ModuleType:
    path = file_of(module)
    try:
        return importlib.import_module(module) if path is None else _load_file(origin, path)
    except CatalogError:
        raise
    except Exception as error:
        raise CatalogError(f"{origin} can't be imported: {_text(error)}") from error


def _load_file(origin: str, path: Path) -> ModuleType:
    """Imports a file as a module named after it: workers import the same name (jobs/cluster.py)."""
    if not path.is_file():
        raise CatalogError(f"{origin} is not a file")
    loaded = sys.modules.get(path.stem)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path.resolve()):
        return loaded
    if loaded is not None or importlib.util.find_spec(path.stem) is not None:
        raise CatalogError(f"{origin}: there is another module '{path.stem}'; rename the file")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return made


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
