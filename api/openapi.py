"""`GET /api/openapi.json`: the API as an OpenAPI 3.1 document."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from api.answers import json_response
from api.parameters import LAST_PAGE, PLAIN_SIZE, Parameters
from api.schemas import NAMES, SCHEMAS, Schema, items, named
from pipelines.registry import Registry
from queries.group_list import SORTS, STATES
from queries.job_list import VALUES as JOB_SORTS
from queries.paging import LARGEST_SIZE
from queries.tasks import VALUES as TASK_SORTS

VERSION = "1.0.0"
# What every request may get, by who sends it.
OF_ACCESS = [401, 403, 429]
POST_PROBLEMS = [400, 404, 409, 415, 502, 503]


def openapi(registry: Registry) -> Blueprint:
    """The blueprint of the document."""
    blueprint = Blueprint("openapi", __name__)

    @blueprint.get("/api/openapi.json")
    def openapi_json() -> Response:
        Parameters(request.args, ())
        return json_response(document(registry))

    return blueprint


def document(registry: Registry) -> dict[str, Any]:
    """The API's description; it names the registry's pipelines."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Pipeline Monitor",
            "version": VERSION,
            "description": "Pipelines of files, the jobs that work on them, and what every count "
            "stands for. Times are ISO 8601 in UTC. Errors are problem details (RFC 9457).",
        },
        "paths": {
            "/api/etl/stats": {"get": _stats(registry)},
            "/api/etl/pipelines": {"get": _pipelines()},
            "/api/etl/groups": {"get": _groups(registry)},
            "/api/etl/groups.csv": {"get": _groups_file(registry)},
            "/api/jobs": {"get": _jobs(registry)},
            "/api/jobs/{job_id}": {"get": _job()},
            "/api/jobs/{job_id}/tasks": {"get": _tasks()},
            "/api/jobs/{job_id}/tasks.csv": {"get": _tasks_file()},
            "/api/etl/files": {"post": _files(registry)},
            "/api/jobs/submit/{job_type}": {"post": _submit(registry)},
            "/api/jobs/rerun/{job_id}": {"post": _rerun()},
            "/api/jobs/cancel/{job_id}": {"post": _cancel()},
            "/api/openapi.json": {"get": _document()},
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # A token is one way to say who asks, the name from a proxy another.
        "security": [{}, {"token": []}],
    }


def _stats(registry: Registry) -> dict[str, Any]:
    return _operation(
        "getStats",
        "A pipeline's numbers, narrowed by any grouping",
        "Stats",
        [*_of_pipeline(registry), _groupings(registry)],
        [400, 404, 503],
    )


def _pipelines() -> dict[str, Any]:
    return _operation(
        "listPipelines", "The pipelines, each with its totals", "Pipelines", [], [400]
    )


def _of_groups(registry: Registry) -> list[Schema]:
    phases = sorted({phase.id for pipeline in registry.values() for phase in pipeline.phases})
    return [
        *_of_pipeline(registry),
        _one("phase", "The phase's id.", {"enum": phases}, required=True),
        _one("state", "The state of the files.", {"enum": list(STATES)}, required=True),
        _text("in the group's name or a failed task's error"),
        _groupings(registry),
    ]


def _groups(registry: Registry) -> dict[str, Any]:
    return _operation(
        "listGroups",
        "The groups of a phase in one state, each with its latest task",
        "Groups",
        [*_of_groups(registry), *_paging(SORTS)],
        [400, 404, 503],
    )


def _groups_file(registry: Registry) -> dict[str, Any]:
    summary = "All the groups of a phase in one state, as a CSV file"
    return _operation("exportGroups", summary, None, _of_groups(registry), [400, 404, 503])


def _jobs(registry: Registry) -> dict[str, Any]:
    parameters = [
        _several("pipeline", "The pipeline's id.", {"enum": list(registry)}),
        _several("job_type", "The job's type.", {}),
        _several("status", "The job's status.", {}),
        _text("in the job's id, type, parameters or error"),
        *_paging(JOB_SORTS),
    ]
    return _operation("listJobs", "All jobs, newest first", "Jobs", parameters, [400, 503])


def _job() -> dict[str, Any]:
    return _operation("getJob", "A job and its stages", "Job", [_job_id()], [400, 404, 503])


def _of_tasks() -> list[Schema]:
    whole = {"type": "integer", "minimum": 0}
    return [
        _job_id(),
        _several("stage", "The task's stage.", whole),
        _several("status", "The task's status.", {}),
        _text("in the task's id, worker or error"),
    ]


def _tasks() -> dict[str, Any]:
    return _operation(
        "listTasks",
        "A job's tasks, failed ones first",
        "Tasks",
        [*_of_tasks(), *_paging(TASK_SORTS)],
        [400, 404, 503],
    )


def _tasks_file() -> dict[str, Any]:
    summary = "A job's tasks as a CSV file"
    return _operation("exportTasks", summary, None, _of_tasks(), [400, 404, 503])


def _files(registry: Registry) -> dict[str, Any]:
    summary = "Registers files of a scanner elsewhere; a file that is known is refreshed"
    operation = _operation("registerFiles", summary, "Registration", [], [400, 409, 413, 415, 503])
    body = _body("The pipeline (or its etl_type), the container, and up to 10,000 files.")
    body["content"]["application/json"]["schema"] |= {
        "properties": {
            "pipeline": {"type": "string", "enum": list(registry)},
            "etl_type": {"type": "string"},
            "container": {"type": "string"},
            "files": items(named("File")),
        },
        "required": ["container", "files"],
    }
    return {**operation, "requestBody": body}


def _submit(registry: Registry) -> dict[str, Any]:
    actions = (action for pipeline in registry.values() for action in pipeline.submit_actions)
    job_type = _path("job_type", "The job's type.", {"enum": [one.job_type for one in actions]})
    summary = "Submits a job; the same parameters are the same job"
    operation = _operation("submitJob", summary, "Submission", [job_type], POST_PROBLEMS)
    return {**operation, "requestBody": _body("The job's parameters.")}


def _rerun() -> dict[str, Any]:
    summary = "Runs an ended job again: what is left of it, or a new attempt from the start"
    job_id = _path("job_id", "A job's id.", {})
    operation = _operation("rerunJob", summary, "Submission", [job_id], POST_PROBLEMS)
    body = _body("Empty to do what is left, or from_start for a new attempt, a job of its own.")
    schema = body["content"]["application/json"]["schema"]
    schema |= {"properties": {"from_start": {"type": "boolean", "default": False}}}
    return {**operation, "requestBody": body}


def _cancel() -> dict[str, Any]:
    summary = "Cancels a job that waits or is at work; what is done stays done"
    job_id = _path("job_id", "A job's id.", {})
    operation = _operation("cancelJob", summary, "Submission", [job_id], POST_PROBLEMS)
    return {**operation, "requestBody": _body("An empty object.")}


def _body(description: str) -> dict[str, Any]:
    schema = {"type": "object", "description": description}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _document() -> dict[str, Any]:
    operation = _operation("getDescription", "This document", None, [], [400])
    content = {"application/json": {"schema": {"type": "object", "required": ["openapi", "paths"]}}}
    operation["responses"]["200"]["content"] = content
    return operation


def _operation(
    name: str, summary: str, schema: str | None, parameters: list[Schema], problems: list[int]
) -> dict[str, Any]:
    """An operation that answers with JSON, or with a CSV file where it has no schema."""
    good = {"application/json": {"schema": named(schema)}} if schema else CSV
    bad = {"application/problem+json": {"schema": named("Problem")}}
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": summary, "content": good},
            **{
                str(status): {"description": NAMES[status], "content": bad}
                for status in sorted({*problems, *OF_ACCESS})
            },
        },
    }


CSV: dict[str, Any] = {"text/csv": {"schema": {"type": "string"}}}


def _one(name: str, description: str, schema: Schema, *, required: bool = False) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "schema": {"type": "string", **schema},
    }


def _several(name: str, description: str, schema: Schema) -> Schema:
    """A parameter that may be repeated: one of its values is enough."""
    values = {"type": "array", "items": {"type": "string", **schema}}
    return _one(name, f"{description} Repeated: one of them.", values)


def _path(name: str, description: str, schema: Schema) -> Schema:
    return {**_one(name, description, schema, required=True), "in": "path"}


def _of_pipeline(registry: Registry) -> list[Schema]:
    etl_types = list(dict.fromkeys(pipeline.etl_type for pipeline in registry.values()))
    which = "The pipeline's etl_type; it may be left out where `pipeline` is given."
    return [
        _one("etl_type", which, {"enum": etl_types}),
        _one(
            "pipeline",
            "The pipeline's id, where several pipelines share an etl_type; else the first answers.",
            {"enum": list(registry)},
        ),
    ]


def _groupings(registry: Registry) -> Schema:
    fields = "; ".join(
        f"{pipeline.etl_type}: {', '.join(pipeline.dimensions) or 'none'}"
        for pipeline in registry.values()
    )
    description = (
        "Any grouping of the pipeline, by its field; repeated: one of the values. `not set` means "
        f"files without a value. {fields}. A field that is called like another parameter has `by.` "
        "before it."
    )
    values = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "additionalProperties": values}
    return {**_one("groupings", description, schema), "style": "form", "explode": True}


def _job_id() -> Schema:
    return _path("job_id", "A job's id, or at least 8 characters of its beginning.", {})


def _text(where: str) -> Schema:
    return _one("q", f"A text {where}, without regard to case.", {})


def _paging(sorts: Any) -> list[Schema]:
    page = {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE, "default": PLAIN_SIZE}
    names = [name for one in sorts for name in (one, f"-{one}")]
    return [
        _one("page", "Which page.", page),
        _one("size", "Rows of a page.", size),
        _one("sort", "The column to sort by; with - before it for descending.", {"enum": names}),
    ]
