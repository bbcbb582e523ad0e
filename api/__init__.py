"""The JSON endpoints: the same snapshots and lists as the pages."""

from __future__ import annotations

from flask import Flask

from api import delivery
from api.files import files
from api.groups import group_lists
from api.health import health
from api.jobs import job_lists
from api.metrics import Metrics
from api.openapi import openapi
from api.pipelines import pipelines
from api.problems import register_problems
from api.scrape import scrapes
from api.stats import stats
from api.submissions import submissions
from jobs.actions import Actions
from pipelines.registry import Registry
from queries.reader import Reader
from queries.snapshots import Snapshots


def register(
    server: Flask,
    *,
    registry: Registry,
    snapshots: Snapshots,
    reader: Reader,
    actions: Actions,
    metrics: Metrics,
) -> None:
    """Adds the endpoints to the server."""
    delivery.register(server)
    server.register_blueprint(health(registry, snapshots))
    server.register_blueprint(stats(registry, snapshots))
    server.register_blueprint(pipelines(registry, snapshots))
    server.register_blueprint(group_lists(registry, snapshots, reader))
    server.register_blueprint(job_lists(registry, reader))
    server.register_blueprint(files(registry, actions))
    server.register_blueprint(submissions(registry, actions))
    server.register_blueprint(openapi(registry))
    server.register_blueprint(scrapes(metrics, reader.engine))
    register_problems(server)
