"""The dashboard over a test's database, as one process serves it."""

from __future__ import annotations

from dash import Dash
from sqlalchemy import Engine

import callbacks
from access.audit import Audit
from access.policy import Policy
from app import bare_app
from jobs.actions import Actions
from jobs.runner_queue import RunnerQueue
from pipelines.registry import Registry
from queries.cached_queries import open_cached_queries
from queries.snapshots import Snapshots
from tests.catalog import JOB_TYPES, STORAGE

# Whoever is on this machine may do everything.
LOCAL = Policy()


def make_dashboard(
    engine: Engine, registry: Registry, snapshots: Snapshots, policy: Policy = LOCAL
) -> Dash:
    """A dashboard whose snapshots are read when the test says so, its other readings at once."""
    app = bare_app(policy)
    callbacks.register_all(
        app,
        registry=registry,
        snapshots=snapshots,
        queries=open_cached_queries(engine, registry, 10, 0),
        actions=Actions(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE), Audit(engine)),
    )
    return app
