"""`POST /api/etl/files`: registers files that a scanner elsewhere has found."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import orjson
from flask import Blueprint, Response, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from access.guard import current_actor
from api.answers import json_response
from api.narrowing import find_pipeline
from api.problems import Problem
from api.submissions import register_error_handlers, require_json
from jobs.actions import Actions
from jobs.source_files import LONGEST_PATH, SourceFile
from jobs.stages import TaskError, as_json
from pipelines.models import Pipeline
from pipelines.registry import Registry

# Bytes of a body, files in it, and how many mistakes are told.
LARGEST_BODY, MOST_FILES, MOST_MISTAKES = 16_000_000, 10_000, 20
EXPECTED = "Send the pipeline, the container and the files as a JSON object"


def _exactly_storable(value: Any) -> Any:
    """Refuses what PostgreSQL can't hold as text; JSON with halves of characters is no body."""
    try:
        as_json(value, "The value")
    except TaskError as error:
        raise ValueError("expected text without NUL characters") from error
    return value


class File(BaseModel):
    """A file of the body."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: Annotated[
        str, Field(min_length=1, max_length=LONGEST_PATH), BeforeValidator(_exactly_storable)
    ]
    size: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    metadata: Annotated[dict[str, Any], BeforeValidator(_exactly_storable)] = {}
    groups: Annotated[
        dict[str, Annotated[str, Field(min_length=1, max_length=150)]],
        BeforeValidator(_exactly_storable),
    ] = {}


class Body(BaseModel):
    """What is sent: the pipeline by id or etl_type, the container, and the files."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pipeline: str | None = None
    etl_type: str | None = None
    container: Annotated[
        str,
        Field(min_length=1, max_length=100, pattern=r"^[^/\\\s]+$"),
        BeforeValidator(_exactly_storable),
    ]
    files: Annotated[list[File], Field(max_length=MOST_FILES)]


def files(registry: Registry, actions: Actions) -> Blueprint:
    """The blueprint of the registration."""
    blueprint = Blueprint("files", __name__)
    register_error_handlers(blueprint)

    @blueprint.post("/api/etl/files")
    def register_files() -> Response:
        submitter = actions.by(current_actor())
        require_json(EXPECTED)
        request.max_content_length = LARGEST_BODY
        body = _read(request.get_data(cache=False))
        pipeline = _pipeline(registry, body)
        _check_groups(pipeline, body)
        found = [SourceFile(f.path, f.size, f.metadata, f.groups) for f in body.files]
        written = submitter.register_files(pipeline, body.container, found)
        return json_response({"pipeline": pipeline.id, "files": len(found), "written": written})

    return blueprint


def _read(content: bytes) -> Body:
    try:
        return Body.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}") from error
    except ValidationError as error:
        mistakes = {
            ".".join(str(part) for part in one["loc"]) or "body": one["msg"]
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        }
        named = dict(list(mistakes.items())[:MOST_MISTAKES])
        first, message = next(iter(named.items()))
        more = f", and {len(mistakes) - 1} more" if len(mistakes) > 1 else ""
        detail = f"{first}: {message}{more}. Nothing was registered"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, parameters=named) from error


def _pipeline(registry: Registry, body: Body) -> Pipeline:
    if body.pipeline is not None or body.etl_type is not None:
        found = find_pipeline(registry, body.etl_type, body.pipeline)
        if found is not None:
            return found
    detail = f"`pipeline` names no pipeline; expected one of: {', '.join(registry)}"
    raise Problem(HTTPStatus.BAD_REQUEST, detail, parameter="pipeline")


def _check_groups(pipeline: Pipeline, body: Body) -> None:
    phases = [phase.id for phase in pipeline.phases if phase.group_key]
    for number, file in enumerate(body.files):
        for phase in file.groups.keys() - phases:
            expected = "one of: " + ", ".join(phases) if phases else "none"
            detail = f"files.{number}.groups: '{phase[:100]}' is no phase with groups"
            raise Problem(HTTPStatus.BAD_REQUEST, f"{detail}; expected {expected}")
