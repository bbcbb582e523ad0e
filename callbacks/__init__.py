"""Wires the pages: what happens at a navigation, a tick and a click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash import Dash

from callbacks import browser, charts, first_answer, navigate, refresh, status, submit
from callbacks.drawn import Drawn
from callbacks.shelf import Shelf
from callbacks.shown import Shown
from callbacks.sources import Sources
from jobs.submission import Submitter
from pipelines.registry import Registry
from queries.cache import Snapshots
from queries.observed import UNOBSERVED, Observer
from queries.readings import Readings


def register_all(
    app: Dash,
    *,
    registry: Registry,
    snapshots: Snapshots,
    readings: Readings,
    submitter: Submitter,
    shared: Path | None = None,
    observer: Observer = UNOBSERVED,
) -> None:
    """Every callback of the app; `shared` is a folder of the processes that serve it together."""
    drawn: Drawn[Any] = Drawn("drawn", observer)
    told: Drawn[Any] = Drawn("told", observer)
    sources = Sources(registry, snapshots, readings, submitter, drawn, told)
    shown = Shown(None if shared is None else Shelf(shared / "shown"), observer)
    browser.register(app)
    status.register(app, registry)
    navigate.register(app, sources, shown)
    refresh.register(app, sources, shown)
    charts.register(app, sources)
    first_answer.register(app, sources)
    submit.register(app, sources)
