"""The dashboard over a test's database, as one process serves it."""

from __future__ import annotations

from dash import Dash
from sqlalchemy import Engine

import callbacks
from app import bare_app
from jobs.runner_queue import RunnerQueue
from jobs.submission import Submitter
from pipelines.registry import Registry
from queries.cached_queries import open_cached_queries
from queries.snapshots import Snapshots
from tests.catalog import JOB_TYPES


def make_dashboard(engine: Engine, registry: Registry, snapshots: Snapshots) -> Dash:
    """A dashboard whose snapshots are read when the test says so, its other readings at once."""
    app = bare_app()
    callbacks.register_all(
        app,
        registry=registry,
        snapshots=snapshots,
        queries=open_cached_queries(engine, registry, 10, 0),
        submitter=Submitter(registry, RunnerQueue(engine, JOB_TYPES, registry)),
    )
    return app
