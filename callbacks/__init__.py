"""Wires the pages: what happens at a navigation, a tick and a click."""

from __future__ import annotations

from dash import Dash

from callbacks import navigate, refresh, submit
from callbacks.sources import Sources
from jobs.submission import Submitter
from pipelines.registry import Registry
from queries.cache import Snapshots
from queries.job_report import JobReports


def register_all(
    app: Dash,
    *,
    registry: Registry,
    snapshots: Snapshots,
    job_reports: JobReports,
    submitter: Submitter,
) -> None:
    """Every callback of the app."""
    sources = Sources(registry, snapshots, job_reports, submitter)
    navigate.register(app, sources)
    refresh.register(app, sources)
    submit.register(app, registry, submitter)
