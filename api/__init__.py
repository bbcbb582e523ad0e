"""The JSON endpoints: the same snapshots as the pages."""

from __future__ import annotations

from flask import Flask

from api.health import health
from api.stats import stats
from pipelines.registry import Registry
from queries.cache import Snapshots


def register(server: Flask, *, registry: Registry, snapshots: Snapshots) -> None:
    """Adds the endpoints to the server."""
    server.register_blueprint(health())
    server.register_blueprint(stats(registry, snapshots))
