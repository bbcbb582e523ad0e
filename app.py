"""Pipeline Monitor: assembles the dashboard, and runs the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from commands.cli import main, prepared
from commands.configuration import destination_of, policy_of, registry_of
from database.engine import DatabaseError
from pipelines.registry import Registry
from settings import SOURCE, Settings

if TYPE_CHECKING:
    from dash import Dash
    from flask import Flask

    from access.policy import Policy
    from callbacks.first_answer import Dashboard

# Dask workers import this module when they start, and don't need the dashboard: functions import
# slow modules themselves.
LARGEST_REQUEST = 1_000_000


def create_app(settings: Settings, registry: Registry, url: str) -> Dash:
    """The dashboard for the database at `url`; starts the threads that refresh its snapshots."""
    import api
    import callbacks
    from access.audit import Audit
    from api.metrics import Metrics
    from api.timed_callbacks import time_callbacks
    from database.engine import connections_for, open_engine
    from database.rollups.keeper import Keeper
    from jobs.actions import Actions
    from queries.cached_queries import open_cached_queries
    from queries.reader import Reader
    from queries.snapshot_reader import open_snapshot_reader
    from queries.snapshots import Snapshots

    metrics = Metrics()
    connections = connections_for(settings.serve_threads, len(registry))
    engine = metrics.timed(open_engine(url, connections=connections, read_only=settings.read_only))
    timeout, interval = settings.statement_timeout, settings.refresh_seconds
    read = open_snapshot_reader(engine.execution_options(query="snapshots"), registry, timeout)
    snapshots = Snapshots(registry, read, interval, metrics)
    queries = open_cached_queries(engine, registry, timeout, min(2.0, interval), metrics)
    policy = policy_of(settings)
    app = bare_app(policy, policy.exposure(settings.host))
    actions = Actions(registry, destination_of(settings, registry, engine), Audit(engine))
    callbacks.register_all(
        app,
        registry=registry,
        snapshots=snapshots,
        queries=queries,
        actions=actions,
        observer=metrics,
    )
    time_callbacks(app.server, app.callback_map, metrics)
    api.register(
        app.server,
        registry=registry,
        snapshots=snapshots,
        reader=Reader(engine.execution_options(query="api"), timeout, observer=metrics),
        actions=actions,
        metrics=metrics,
    )
    snapshots.start()
    if not settings.read_only:
        Keeper(engine.execution_options(query="keeper"), interval, registry).start()
    return app


def bare_app(policy: Policy, warning: str | None = None) -> Dashboard:
    """The Dash app with the frame of every page, without callbacks or content.

    It lets in whom the policy says; `warning` is on every page.
    """
    from access import guard, headers
    from callbacks.first_answer import Dashboard
    from layouts.page import INDEX, PLOTLY, shell

    app = Dashboard(
        __name__,
        assets_folder=str(SOURCE / "assets"),
        index_string=INDEX,
        suppress_callback_exceptions=True,
        title="Pipeline Monitor",
        update_title="",
        # Charts load it when they are opened.
        assets_ignore=re.escape(PLOTLY),
    )
    app.server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    guard.register(app.server, policy)
    headers.register(
        app.server, lambda: headers.content_policy(app.csp_hashes(), INDEX), policy.proxies
    )
    app.layout = shell(warning)
    return app


def server() -> Flask:
    """The dashboard for the database at DATABASE_URL, for `gunicorn 'app:server()'`.

    Raises DatabaseError if DATABASE_URL is not set.
    """
    settings = Settings()  # type: ignore[call-arg] # each has a default
    if settings.database_url is None:
        raise DatabaseError(
            "DATABASE_URL is not set; `python app.py serve` serves the embedded database"
        )
    registry = registry_of(settings)
    flask: Flask = create_app(settings, registry, settings.database_url).server
    return flask


@main.command()
@prepared
def serve(settings: Settings, registry: Registry) -> None:
    """Serve the dashboard only, without a runner."""
    from commands.database import database_url
    from commands.serve import Server, check_start
    from commands.supervise import end_with_parent

    check_start(settings)
    for note in registry.notes():
        click.echo(note)
    end_with_parent()
    with database_url(settings, registry) as url:
        Server(settings, lambda: create_app(settings, registry, url).server).run()


if __name__ == "__main__":
    main()
