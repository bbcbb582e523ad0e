"""The addresses of the pages, and what their parameters are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from pipelines.value_keys import value_key

SELECTOR = "/"
PIPELINE = "/api/interface/pipeline"
GROUPS = "/api/interface/groups"
JOBS = "/api/interface/jobs"
JOB_PAGE = "/api/interface/tasks"
# Where Dash's own scripts lie, and where they ask the callbacks.
SUITES, CALLBACKS = "/_dash-component-suites/", "/_dash-update-component"

# What an address says beside its filters. A grouping of such a name is written with a prefix.
TYPE, PHASE, STATE, OPEN, AUTO = "type", "phase", "state", "open", "auto"
PAGE, SORT, SEARCH = "page", "sort", "q"
RESERVED = {TYPE, PHASE, STATE, OPEN, AUTO, PAGE, SORT, SEARCH}
PREFIX = "by."

Filters = Mapping[str, Sequence[str]]


def pipeline_link(pipeline_id: str, filters: Filters | None = None) -> str:
    """Address of a pipeline's page, with the filters' values."""
    return _link(PIPELINE, {TYPE: [pipeline_id]}, filters)


def group_link(pipeline_id: str, phase: str, state: str, filters: Filters | None = None) -> str:
    """Address of the list of a phase's groups in a state."""
    return _link(GROUPS, {TYPE: [pipeline_id], PHASE: [phase], STATE: [state]}, filters)


def job_link(job_id: str, search: str = "") -> str:
    """Address of a job's page, its tasks filtered by a text."""
    return _link(JOB_PAGE, {"job_id": [job_id], SEARCH: [search] if search else []})


def jobs_link(pipeline_id: str | None = None) -> str:
    """Address of the list of jobs, of one pipeline or of all."""
    return _link(JOBS, {"pipeline": [pipeline_id] if pipeline_id else []})


def task_file(job_id: str, stages: Sequence[int], statuses: Sequence[str], text: str) -> str:
    """Address of a job's tasks as a CSV file."""
    path = f"/api/jobs/{quote(job_id, safe='')}/tasks.csv"
    numbers = [str(stage) for stage in stages]
    return _link(path, {"stage": numbers, "status": statuses, SEARCH: [text] if text else []})


def group_file(pipeline_id: str, phase: str, state: str, filters: Filters, text: str) -> str:
    """Address of the list of a phase's groups as a CSV file."""
    asked = {"pipeline": [pipeline_id], PHASE: [phase], STATE: [state]}
    # The API takes a grouping by this name always, however it is called.
    named = {f"{PREFIX}{field}": _keys(values) for field, values in filters.items()}
    search = {SEARCH: [text]} if text else {}
    return f"/api/etl/groups.csv?{urlencode({**asked, **named, **search}, doseq=True)}"


def filter_parameter(field: str) -> str:
    """What a grouping's filter is called in an address."""
    return f"{PREFIX}{field}" if field in RESERVED or field.startswith(PREFIX) else field


def _link(path: str, query: Filters, filters: Filters | None = None) -> str:
    named = {filter_parameter(field): _keys(values) for field, values in (filters or {}).items()}
    written = urlencode({**query, **named}, doseq=True)
    return f"{path}?{written}" if written else path


def _keys(values: Sequence[str]) -> list[str]:
    """The values as they are in an address, which a long one would make too long."""
    return [value_key(value) for value in values]
