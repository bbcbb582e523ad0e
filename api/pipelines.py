"""`GET /api/etl/pipelines`: what pipelines there are, each with its totals."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from api.answers import json_response, timestamp_text
from api.parameters import Parameters
from api.stats import totals_of
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.cache import CachedResult
from queries.snapshot import Snapshot
from queries.snapshots import Snapshots


def pipelines(registry: Registry, snapshots: Snapshots) -> Blueprint:
    """The blueprint of the pipelines."""
    blueprint = Blueprint("pipelines", __name__)

    @blueprint.get("/api/etl/pipelines")
    def etl_pipelines() -> Response:
        Parameters(request.args, ())
        rows = [_pipeline(one, snapshots.latest(one.id)) for one in registry.values()]
        return json_response({"pipelines": rows})

    return blueprint


def _pipeline(pipeline: Pipeline, result: CachedResult[Snapshot]) -> dict[str, Any]:
    """A registry entry and its totals: null until the database has answered once."""
    snapshot = result.value
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "description": pipeline.description,
        "etl_type": pipeline.etl_type,
        "job_types": list(pipeline.job_types),
        "phases": [
            {"id": phase.id, "name": phase.name, "description": phase.description}
            for phase in pipeline.phases
        ],
        "groupings": [{"field": one.field, "label": one.label} for one in pipeline.groupings],
        "submit_actions": [
            {"job_type": one.job_type, "label": one.label} for one in pipeline.submit_actions
        ],
        "summary": None if snapshot is None else totals_of(snapshot),
        "timestamp": None if snapshot is None else timestamp_text(snapshot.as_of),
        "error": result.error,
    }
