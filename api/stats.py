"""`GET /api/etl/stats?etl_type=…[&{grouping}=…]`: a pipeline's numbers as JSON."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

import orjson
import pandas as pd
from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from api.problems import problem
from layouts.formats import format_bytes
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.cache import Reading, Snapshots
from queries.groupings import breakdown
from queries.phases import phases
from queries.snapshot import Snapshot
from queries.summary import summary


def stats(registry: Registry, snapshots: Snapshots) -> Blueprint:
    """The blueprint of the statistics."""
    blueprint = Blueprint("stats", __name__)

    @blueprint.get("/api/etl/stats")
    def etl_stats() -> Response:
        etl_type = request.args.get("etl_type", "")
        pipeline = next((p for p in registry.values() if p.etl_type == etl_type), None)
        if pipeline is None:
            known = ", ".join(p.etl_type for p in registry.values())
            detail = f"No pipeline has etl_type '{etl_type}'; expected one of: {known}"
            return problem(HTTPStatus.NOT_FOUND, detail)
        if unknown := set(request.args) - {"etl_type", *pipeline.dimensions}:
            expected = ", ".join(pipeline.dimensions) or "none, this pipeline has no groupings"
            detail = f"'{min(unknown)}' is no grouping of {pipeline.name}; expected: {expected}"
            return problem(HTTPStatus.BAD_REQUEST, detail)
        return _answer(pipeline, snapshots.latest(pipeline.id), request.args)

    return blueprint


def _answer(pipeline: Pipeline, reading: Reading, given: MultiDict[str, str]) -> Response:
    if reading.snapshot is None:
        reason = reading.error or "the database has not answered yet; try again in a few seconds"
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"There are no numbers: {reason}")
    filters = {field: given.getlist(field) for field in pipeline.dimensions}
    body = describe(reading.snapshot.narrowed(filters))
    body["error"] = reading.error
    return Response(orjson.dumps(body), mimetype="application/json")


def describe(snapshot: Snapshot) -> dict[str, Any]:
    """The design's JSON for a snapshot. Numbers that nobody knows are null."""
    pipeline, totals = snapshot.pipeline, summary(snapshot)
    progress = phases(snapshot)
    rates = {f"{p.phase}_per_hour": _rounded(p.rate_per_hour, 1) for p in progress.itertuples()}
    return {
        "etl_type": pipeline.etl_type,
        "pipeline": {"name": pipeline.name, "description": pipeline.description},
        "summary": {
            "total_files": totals.total_files,
            "total_size_bytes": totals.total_bytes,
            "total_size_formatted": format_bytes(totals.total_bytes),
            "unsized_files": totals.unsized_files,
            "completed": totals.completed,
            "failed": totals.failed,
            "percent_complete": totals.percent,
        },
        "phases": {row["phase"]: _phase(row) for row in progress.to_dict("records")},
        "by_grouping": {field: _grouping(snapshot, field) for field in pipeline.dimensions},
        "active_jobs": [_job(row) for row in snapshot.jobs.to_dict("records")],
        "processing_rate": {**rates, "eta_hours": _rounded(totals.eta_hours, 1)},
        "contradictions": snapshot.contradictions.to_dict("records"),
        "timestamp": snapshot.as_of.isoformat().replace("+00:00", "Z"),
    }


def _phase(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "pending": row["pending"],
        "eligible": row["eligible"],
        "processing": _count(row["processing"]),
        "completed": row["completed"],
        "failed": _count(row["failed"]),
        "percent_complete": row["percent"],
        "eta_hours": _rounded(row["eta_hours"], 1),
        "average_seconds": _rounded(row["average_seconds"], 1),
    }


def _grouping(snapshot: Snapshot, field: str) -> dict[str, dict[str, int]]:
    ids = [phase.id for phase in snapshot.pipeline.phases]
    return {
        row["value"]: {
            "total": row["total"],
            **{f"{phase}_done": row[f"{phase}_completed"] for phase in ids},
        }
        for row in breakdown(snapshot, field).to_dict("records")
    }


def _job(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "job_id": row["job_id"],
        "job_type": row["job_type"],
        "status": row["status"],
        "stage": row["stage"],
        "task_counts": {key: row[key] for key in ("completed", "processing", "failed", "pending")},
    }


def _count(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or math.isnan(value) else round(value, digits)
