"""What the endpoints of a pipeline have in common: its etl_type, and any grouping as a filter."""

from __future__ import annotations

from http import HTTPStatus

from flask import request

from api.parameters import PAGING, Parameters
from api.problems import Problem
from layouts.links import PREFIX
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.cache import CachedResult
from queries.snapshot import Snapshot
from queries.snapshots import Snapshots

ETL_TYPE, PIPELINE = "etl_type", "pipeline"
RESERVED = {ETL_TYPE, PIPELINE, "phase", "state", "q", *PAGING}


def asked_pipeline(registry: Registry) -> Pipeline:
    """The pipeline that is asked for by `etl_type` or, where several share one, by `pipeline`.

    Of several with one etl_type the first one answers; its id is in the answer. Raises Problem.
    """
    etl_type, pipeline_id = request.args.get(ETL_TYPE), request.args.get(PIPELINE)
    if etl_type is None and pipeline_id is None:
        detail = f"Parameter etl_type is missing; expected one of: {_names(registry)}"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, parameter=ETL_TYPE)
    if pipeline := find_pipeline(registry, etl_type, pipeline_id):
        return pipeline
    asked = [f"etl_type '{etl_type[:100]}'"] if etl_type is not None else []
    asked += [f"id '{pipeline_id[:100]}'"] if pipeline_id is not None else []
    detail = f"No pipeline has {' and '.join(asked)}; expected one of: {_names(registry)}"
    named = PIPELINE if etl_type is None else ETL_TYPE
    raise Problem(HTTPStatus.NOT_FOUND, detail, parameter=named)


def find_pipeline(
    registry: Registry, etl_type: str | None, pipeline_id: str | None
) -> Pipeline | None:
    """The first pipeline with an etl_type and an id; what is none may be any."""
    found = (
        pipeline
        for pipeline in registry.values()
        if etl_type in (None, pipeline.etl_type) and pipeline_id in (None, pipeline.id)
    )
    return next(found, None)


def _names(registry: Registry) -> str:
    """The etl_types; with the pipelines' ids where they are other words."""
    return ", ".join(
        pipeline.etl_type
        if pipeline.etl_type == pipeline.id
        else f"{pipeline.etl_type} (pipeline {pipeline.id})"
        for pipeline in registry.values()
    )


def filter_names(pipeline: Pipeline) -> dict[str, str]:
    """The groupings' fields by the parameters that may name them: the field, where no other
    parameter is called so, and always the field after a prefix."""
    names = {f"{PREFIX}{field}": field for field in pipeline.dimensions}
    for field in pipeline.dimensions:
        if field not in RESERVED:
            names.setdefault(field, field)
    return names


def pipeline_parameters(pipeline: Pipeline, *others: str) -> Parameters:
    """The question's parameters: the pipeline's, the groupings and others. Raises Problem."""
    plain = [name if name not in RESERVED else f"{PREFIX}{name}" for name in pipeline.dimensions]
    hidden = [name for name in filter_names(pipeline) if name not in plain]
    noun = f"grouping of {pipeline.name}, or other parameter"
    return Parameters(request.args, [ETL_TYPE, PIPELINE, *others, *plain], noun, hidden)


def wanted(pipeline: Pipeline, parameters: Parameters) -> dict[str, tuple[str, ...]]:
    """The wanted values of each grouping's field that is a filter."""
    filters: dict[str, tuple[str, ...]] = {}
    for name, field in filter_names(pipeline).items():
        if values := parameters.values(name):
            filters[field] = (*filters.get(field, ()), *values)
    return filters


def latest(snapshots: Snapshots, pipeline: Pipeline) -> tuple[Snapshot, CachedResult[Snapshot]]:
    """The pipeline's latest snapshot and its reading. Raises Problem where there is none yet."""
    result = snapshots.latest(pipeline.id)
    if result.value is None:
        reason = result.error or "the database has not answered yet; try again in a few seconds"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"There are no numbers: {reason}")
    return result.value, result
