"""The list of jobs: all of the database, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html

from layouts import ids
from layouts.active_jobs import copy_link, progress
from layouts.formats import format_stage, format_text, format_timestamp
from layouts.links import job_link, pipeline_link
from layouts.lists import Size, list_values, listed
from layouts.page_values import PageValues
from layouts.statuses import format_status
from layouts.tables import Column
from pipelines.registry import Registry

KEY = "jobs"
FILTERS = {"pipeline": "Pipeline", "job_type": "Type", "status": "Status"}
COLUMNS = [
    Column("job", "Job", "link"),
    Column("monitor", "Monitor", "link"),
    Column("pipeline", "Pipeline", "link"),
    Column("job_type", "Type"),
    Column("status", "Status"),
    Column("stage", "Stage"),
    Column("progress", "Progress of the stage", sortable=False),
    Column("created_at", "Submitted"),
    Column("updated_at", "Last update"),
    Column("error", "Error", "prose", sortable=False),
]


def job_list_page(query: Mapping[str, Sequence[str]]) -> html.Div:
    """The skeleton; `query` is the address's."""
    return html.Div(
        [
            html.H1(["Jobs", html.Span(id=ids.text(f"{KEY}.size"), className="note")]),
            html.Section(listed(KEY, COLUMNS, query, FILTERS, file=False), className="panel"),
        ]
    )


def job_list_values(
    jobs: pd.DataFrame, size: Size, options: Mapping[str, Mapping[str, int]], registry: Registry
) -> PageValues:
    """The list's values, from one row per job of the page."""
    rows = [_row(job, registry) for job in jobs.to_dict("records")]
    return list_values(KEY, rows, size, options)


def _row(job: dict[str, Any], registry: Registry) -> dict[str, Any]:
    pipeline = registry.of_job_type(job["job_type"])
    return {
        "id": job["job_id"],
        "job": copy_link(job["job_id"]),
        "job_type": job["job_type"],
        "status": format_status(job["status"]),
        "stage": format_stage(job["stage"], job["total_stages"]),
        "progress": progress(job),
        "created_at": format_timestamp(job["created_at"]),
        "updated_at": format_timestamp(job["updated_at"]),
        "error": format_text(job["error_details"]),
        "monitor": f"[Monitor]({job_link(job['job_id'])})",
        "pipeline": f"[View Pipeline]({pipeline_link(pipeline.id)})" if pipeline else "",
    }
