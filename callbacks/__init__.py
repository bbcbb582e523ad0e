"""Wires the pages: navigation, refreshes and clicks."""

from __future__ import annotations

from typing import Any

from callbacks import browser, charts, first_answer, navigate, payloads, refresh, status, submit
from callbacks.first_answer import Dashboard
from callbacks.sent_values import SentValues
from callbacks.services import Services
from jobs.actions import Actions
from pipelines.registry import Registry
from queries.cache import RenderCache
from queries.cached_queries import CachedQueries
from queries.observed import UNOBSERVED, Observer
from queries.snapshots import Snapshots


def register_all(
    app: Dashboard,
    *,
    registry: Registry,
    snapshots: Snapshots,
    queries: CachedQueries,
    actions: Actions,
    observer: Observer = UNOBSERVED,
) -> None:
    """Registers every callback."""
    rendered: RenderCache[Any] = RenderCache("rendered", observer)
    diffs: RenderCache[Any] = RenderCache("diffs", observer)
    services = Services(registry, snapshots, queries, actions, rendered, diffs)
    sent = SentValues(observer)
    payloads.register(app)
    browser.register(app)
    status.register(app, registry)
    navigate.register(app, services, sent)
    refresh.register(app, services, sent)
    charts.register(app, services)
    first_answer.register(app, services)
    submit.register(app, services)
