"""The ids of components. A slot is a property that a refresh writes (layouts/page_values.py)."""

from __future__ import annotations

from typing import Any

LOCATION, PAGE, MAIN = "location", "page", "main"
TICK, SECOND = "tick", "second"
AS_OF, ACTIVE = "as-of", "active"
SUBMITTED = "submitted"
REFRESH, AUTO, THEME = "refresh", "auto", "theme"
PROBLEM, AGE, SAID = "problem", "age", "said"
CHARTS, CHARTS_OPENER, ZONE = "charts", "charts-opener", "zone"
RERUN, RERUN_ANSWER = "rerun", "rerun-answer"
UNREACHABLE = "unreachable"
CANCEL, CANCEL_ANSWER = "cancel", "cancel-answer"
FROM_START, FROM_START_ANSWER = "from-start", "from-start-answer"

Id = dict[str, Any]


def text(key: Any) -> Id:
    """A slot whose text a refresh writes."""
    return {"text": key}


def bar(key: Any) -> Id:
    """A slot whose width a refresh writes."""
    return {"bar": key}


def table(key: Any) -> Id:
    """A table whose rows a refresh writes."""
    return {"table": key}


def listing(key: Any) -> Id:
    """A table whose rows come a page at a time."""
    return {"list": key}


def search(key: Any) -> Id:
    """The field in which a list is searched."""
    return {"search": key}


def visible(key: Any) -> Id:
    """A slot that a refresh hides or shows."""
    return {"visible": key}


def digest(opening: Any) -> Id:
    """Where an opened page keeps the digest of its values."""
    return {"digest": opening}


def changes(opening: Any) -> Id:
    """Where a refresh's payload arrives, from which assets/spread.js writes it into the slots."""
    return {"changes": opening}


def options(key: Any) -> Id:
    """A dropdown whose options a refresh writes."""
    return {"options": key}


def href(key: Any) -> Id:
    """A link whose address a refresh writes."""
    return {"href": key}


def chart(name: Any) -> Id:
    """A chart of a job's page."""
    return {"chart": name}


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
    """The text of a field's mistake."""
    return {"form": job_type, "mistake": name}


def send(job_type: Any) -> Id:
    """The button that submits a form."""
    return {"form": job_type, "part": "send"}


def answer(job_type: Any) -> Id:
    """The text of a form's result."""
    return {"form": job_type, "part": "answer"}


def preview(job_type: Any) -> Id:
    """The text of a form's preview."""
    return {"form": job_type, "part": "preview"}


def again(job_type: Any) -> Id:
    """The button that runs the form's job again."""
    return {"form": job_type, "part": "again"}


def existing(job_type: Any) -> Id:
    """Where a form keeps the id of the job that exists with its parameters."""
    return {"form": job_type, "part": "existing"}
