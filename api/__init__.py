"""The JSON endpoints: the same snapshots as the pages."""

from __future__ import annotations

from flask import Flask

from api.health import health
from api.stats import stats
from api.submissions import submissions
from jobs.submission import Submitter
from pipelines.registry import Registry
from queries.cache import Snapshots


def register(
    server: Flask, *, registry: Registry, snapshots: Snapshots, submitter: Submitter
) -> None:
    """Adds the endpoints to the server."""
    server.register_blueprint(health())
    server.register_blueprint(stats(registry, snapshots))
    server.register_blueprint(submissions(registry, submitter))
