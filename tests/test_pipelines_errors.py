"""One root for what a person can mend, so that all who show errors can catch it alone."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pipelines.errors import MonitorError

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "access",
    "pipelines",
    "database",
    "queries",
    "layouts",
    "jobs",
    "callbacks",
    "api",
    "commands",
)
# They end a piece of work and are caught by the code that began it; no person meets them.
SIGNALS = {"Incomplete", "JobLost", "NoRollups", "OutOfTime", "Stopped"}


def errors_of(path: Path) -> list[type[Exception]]:
    """The exception classes that a module defines."""
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    classes = [one for one in vars(module).values() if isinstance(one, type)]
    return [c for c in classes if issubclass(c, Exception) and c.__module__ == module.__name__]


def test_every_error_has_the_one_root_or_is_a_signal() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    errors = [one for path in files if "migrations" not in path.parts for one in errors_of(path)]
    others = {error.__name__ for error in errors if not issubclass(error, MonitorError)}
    assert others == SIGNALS
