"""`GET /api/etl/stats?etl_type=…[&{grouping}=…]`: a pipeline's numbers as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from api.answers import json_response, json_value, rounded, timestamp_text
from api.narrowing import asked_pipeline, latest, pipeline_parameters, wanted
from layouts.formats import format_bytes
from pipelines.registry import Registry
from queries.groupings import breakdown
from queries.phases import phases
from queries.snapshot import Snapshot
from queries.snapshots import Snapshots
from queries.summary import summary


def stats(registry: Registry, snapshots: Snapshots) -> Blueprint:
    """The blueprint of the statistics."""
    blueprint = Blueprint("stats", __name__)

    @blueprint.get("/api/etl/stats")
    def etl_stats() -> Response:
        pipeline = asked_pipeline(registry)
        filters = wanted(pipeline, pipeline_parameters(pipeline))
        snapshot, result = latest(snapshots, pipeline)
        return json_response({**stats_json(snapshot.narrowed(filters)), "error": result.error})

    return blueprint


def stats_json(snapshot: Snapshot) -> dict[str, Any]:
    """The design's JSON for a snapshot. Unknown numbers are null."""
    pipeline, eta = snapshot.pipeline, summary(snapshot).eta_hours
    progress = phases(snapshot)
    rates = {f"{p.phase}_per_hour": rounded(p.rate_per_hour, 1) for p in progress.itertuples()}
    return {
        "etl_type": pipeline.etl_type,
        "pipeline": {
            "id": pipeline.id,
            "name": pipeline.name,
            "description": pipeline.description,
        },
        "summary": totals_of(snapshot),
        "phases": {row["phase"]: _phase(row) for row in progress.to_dict("records")},
        "by_grouping": {field: _grouping(snapshot, field) for field in pipeline.dimensions},
        "active_jobs": [_job(row) for row in snapshot.jobs.to_dict("records")],
        "processing_rate": {**rates, "eta_hours": rounded(eta, 1)},
        "inconsistencies": snapshot.inconsistencies.to_dict("records"),
        "read": {
            "rollups": snapshot.read_mode.rollups,
            "reason": snapshot.read_mode.reason,
            "seconds": round(snapshot.read_mode.seconds, 3),
        },
        "timestamp": timestamp_text(snapshot.as_of),
    }


def totals_of(snapshot: Snapshot) -> dict[str, Any]:
    """A pipeline's totals; completed and percent_complete are of its last phase."""
    totals = summary(snapshot)
    return {
        "total_files": totals.total_files,
        "total_size_bytes": totals.total_bytes,
        "total_size_formatted": format_bytes(totals.total_bytes),
        "unsized_files": totals.unsized_files,
        "completed": totals.completed,
        "failed": totals.failed,
        "percent_complete": totals.percent,
    }


def _phase(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "pending": row["pending"],
        "eligible": row["eligible"],
        "processing": json_value(row["processing"]),
        "completed": row["completed"],
        "failed": json_value(row["failed"]),
        "percent_complete": row["percent"],
        "eta_hours": rounded(row["eta_hours"], 1),
        "average_seconds": rounded(row["average_seconds"], 1),
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
        "stage": json_value(row["stage"]),
        "task_counts": {key: row[key] for key in ("completed", "processing", "failed", "pending")},
    }
