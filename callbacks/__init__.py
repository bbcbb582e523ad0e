"""Wires the pages: what happens at a navigation, a tick and a click."""

from __future__ import annotations

from dash import Dash

from callbacks import browser, charts, navigate, refresh, status, submit
from callbacks.shown import Shown
from callbacks.sources import Sources
from jobs.submission import Submitter
from pipelines.registry import Registry
from queries.cache import Snapshots
from queries.readings import Readings


def register_all(
    app: Dash,
    *,
    registry: Registry,
    snapshots: Snapshots,
    readings: Readings,
    submitter: Submitter,
) -> None:
    """Every callback of the app."""
    sources = Sources(registry, snapshots, readings, submitter)
    shown = Shown()
    browser.register(app)
    status.register(app, registry)
    navigate.register(app, sources, shown)
    refresh.register(app, sources, shown)
    charts.register(app, sources)
    submit.register(app, sources)
