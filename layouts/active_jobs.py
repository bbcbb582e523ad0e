"""The pipeline's active jobs, each with a link to its page."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import quote

import pandas as pd
from dash import dcc, html

from layouts.formats import (
    SHORT_ID,
    format_count,
    format_duration,
    format_percent,
    format_rate,
    format_stage,
    format_timestamp,
)
from layouts.links import job_link, jobs_link
from layouts.page_values import PageValues
from layouts.panels import panel
from layouts.statuses import format_status
from layouts.tables import Column, table
from pipelines.models import Pipeline

KEY = "active"


def active_jobs(pipeline: Pipeline, closed: Collection[str]) -> html.Details:
    """The table of active jobs."""
    place = next((g.label for g in pipeline.groupings if g.job_parameters), "About")
    columns = [
        Column("job", "Job", "link"),
        Column("job_type", "Type"),
        Column("place", place, "name"),
        Column("status", "Status"),
        Column("stage", "Stage"),
        Column("progress", "Progress"),
        Column("rate", "Rate", "value"),
        Column("eta", "ETA"),
        Column("started", "Started"),
        Column("monitor", "Actions", "link"),
    ]
    every = dcc.Link("View all", href=jobs_link(pipeline.id), className="aside")
    return panel(
        KEY,
        "Active jobs",
        [table(KEY, columns)],
        is_open=KEY not in closed,
        extra=[every],
    )


def active_job_values(jobs: pd.DataFrame) -> PageValues:
    """The rows of the table, from one row per job."""
    columns = [jobs[name].tolist() for name in jobs.columns]
    rows = [_row(dict(zip(jobs.columns, job, strict=True))) for job in zip(*columns, strict=True)]
    size = "none" if not rows else f"{len(rows):,}"
    return PageValues(table={KEY: rows}, text={f"{KEY}.size": size})


def _row(job: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": job["job_id"],
        "job": copy_link(job["job_id"]),
        "job_type": job["job_type"],
        "place": job["place"],
        "status": format_status(job["status"]),
        "stage": format_stage(job["stage"], job["total_stages"]),
        "progress": progress(job),
        "rate": job["rate_reason"] or format_rate(job["rate_per_minute"], "min"),
        "eta": format_duration(job["eta_seconds"]),
        "started": format_timestamp(job["started_at"]),
        "monitor": f"[Monitor]({job_link(job['job_id'])})",
    }


def copy_link(job_id: str) -> str:
    """A job's short id as Markdown: whole on hover, copied by a click (assets/links.js)."""
    # Nothing in a job's id may act as Markdown.
    plain = re.sub("[^0-9A-Za-z]", "", job_id)
    return f'[{plain[:SHORT_ID]}…](#copy={quote(job_id, safe="")} "{plain}")'


def progress(job: dict[str, Any]) -> str:
    """`45/128 (35.2%)`, and how many failed; tasks of the current stage."""
    if not job["tasks"]:
        return "no tasks yet"
    failed = f", {format_count(job['failed'])} failed" if job["failed"] else ""
    counts = f"{format_count(job['completed'])}/{format_count(job['tasks'])}"
    return f"{counts} ({format_percent(job['percent'])}){failed}"
