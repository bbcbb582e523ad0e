"""The ids of components. A leaf is what a tick writes: its id says which property, and its key."""

from __future__ import annotations

from typing import Any

LOCATION, PAGE, MAIN = "location", "page", "main"
TICK, SECOND = "tick", "second"
VERSION, AS_OF, ACTIVE = "version", "as-of", "active"
SUBMITTED = "submitted"
REFRESH, AUTO = "refresh", "auto"
PROBLEM, AGE = "problem", "age"

# The kinds of leaves, and the property that each of them is.
LEAVES = {"text": "children", "bar": "style", "table": "data", "shown": "hidden"}

Id = dict[str, Any]


def text(key: Any) -> Id:
    """A leaf whose text a tick writes."""
    return {"text": key}


def bar(key: Any) -> Id:
    """A leaf whose width a tick writes."""
    return {"bar": key}


def table(key: Any) -> Id:
    """A table whose rows a tick writes."""
    return {"table": key}


def shown(key: Any) -> Id:
    """A leaf that a tick hides or shows."""
    return {"shown": key}


def opener(job_type: Any) -> Id:
    """The button that opens a submit form."""
    return {"form": job_type, "part": "open"}


def form(job_type: Any) -> Id:
    """The dialog of a submit form."""
    return {"form": job_type, "part": "dialog"}


def field(job_type: Any, name: Any) -> Id:
    """A field of a submit form."""
    return {"form": job_type, "field": name}


def mistake(job_type: Any, name: Any) -> Id:
    """Where a field's mistake is told."""
    return {"form": job_type, "mistake": name}


def send(job_type: Any) -> Id:
    """The button that submits a form."""
    return {"form": job_type, "part": "send"}


def answer(job_type: Any) -> Id:
    """Where a form tells what came of it."""
    return {"form": job_type, "part": "answer"}
