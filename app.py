"""Pipeline Monitor: assembles the dashboard, and the command line that starts it."""

from __future__ import annotations

import functools
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from commands.settings_help import settings_list, settings_table
from database.engine import DatabaseError
from pipelines.errors import MonitorError
from pipelines.registry import Registry, load_registry
from settings import SOURCE, Settings

if TYPE_CHECKING:
    from dash import Dash
    from flask import Flask
    from sqlalchemy import Engine

    from jobs.submission import Destination

# Dask's workers import this module when they start and need none of the dashboard: what is heavy is
# imported where it is used.
LARGEST_REQUEST = 1_000_000


def create_app(settings: Settings, registry: Registry, url: str) -> Dash:
    """The dashboard over the database at `url`, with its snapshots being renewed."""
    import api
    import callbacks
    from api.metrics import Metrics
    from api.timed_callbacks import time_callbacks
    from commands.shared import shared_folder
    from database.engine import connections_for, open_engine
    from database.rollups.keeper import Keeper
    from jobs.submission import Submitter
    from queries.cached_queries import open_cached_queries
    from queries.reader import Reader
    from queries.snapshot_reader import open_snapshot_reader
    from queries.snapshots import Snapshots

    metrics = Metrics()
    connections = connections_for(settings.serve_threads, len(registry))
    engine = metrics.timed(open_engine(url, connections=connections))
    timeout, interval = settings.statement_timeout, settings.refresh_seconds
    read = open_snapshot_reader(engine.execution_options(query="snapshots"), registry, timeout)
    snapshots = Snapshots(registry, read, interval, metrics)
    queries = open_cached_queries(engine, registry, timeout, min(2.0, interval), metrics)
    app = bare_app()
    submitter = Submitter(registry, _destination(settings, registry, engine))
    callbacks.register_all(
        app,
        registry=registry,
        snapshots=snapshots,
        queries=queries,
        submitter=submitter,
        shared=shared_folder(),
        observer=metrics,
    )
    time_callbacks(app.server, app.callback_map, metrics)
    api.register(
        app.server,
        registry=registry,
        snapshots=snapshots,
        reader=Reader(engine.execution_options(query="api"), timeout, observer=metrics),
        submitter=submitter,
        metrics=metrics,
    )
    snapshots.start()
    Keeper(engine.execution_options(query="keeper"), interval, registry).start()
    return app


def bare_app() -> Dash:
    """The frame of every page, without what fills it."""
    from dash import Dash

    from layouts.page import INDEX, PLOTLY, shell

    app = Dash(
        __name__,
        assets_folder=str(SOURCE / "assets"),
        index_string=INDEX,
        suppress_callback_exceptions=True,
        title="Pipeline Monitor",
        update_title="",
        # A chart fetches it when it is opened.
        assets_ignore=re.escape(PLOTLY),
    )
    app.server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.layout = shell()
    return app


def server() -> Flask:
    """The dashboard over a database of one's own, for `gunicorn 'app:server()'`.

    Raises DatabaseError where DATABASE_URL is not set.
    """
    settings = Settings()  # type: ignore[call-arg] # each has a default
    if settings.database_url is None:
        raise DatabaseError(
            "DATABASE_URL is not set; `python app.py serve` serves the embedded database"
        )
    registry = _registry(settings)
    flask: Flask = create_app(settings, registry, settings.database_url).server
    return flask


def _registry(settings: Settings) -> Registry:
    return load_registry(settings.pipelines_dir, built_in=settings.built_in)


def _destination(settings: Settings, registry: Registry, engine: Engine) -> Destination:
    from jobs.catalog import load_job_types
    from jobs.platform import Platform
    from jobs.submission import NoDestination, RunnerQueue

    if settings.platform_url is not None:
        return Platform(settings.platform_url, engine)
    if not settings.runs_jobs:
        return NoDestination()
    return RunnerQueue(engine, load_job_types(settings.jobs_module), registry)


def _prepared(command: Any) -> Any:
    """A command that gets the settings and the registry; their mistakes end it with one message."""

    @click.pass_context
    @functools.wraps(command)
    def prepared(context: click.Context, *args: Any, **kwargs: Any) -> None:
        try:
            settings = Settings(**context.find_root().meta)
            command(
                settings,
                load_registry(settings.pipelines_dir, built_in=settings.built_in),
                *args,
                **kwargs,
            )
        except ValidationError as error:
            raise click.ClickException("\n".join(map(_mistake, error.errors()))) from error
        except MonitorError as error:
            raise click.ClickException(str(error)) from error

    return prepared


def _mistake(found: Any) -> str:
    """One line about a setting: its name, where the mistake is one setting's, and what is wrong."""
    return ": ".join(
        [
            *(str(name).upper() for name in found["loc"][:1]),
            found["msg"].removeprefix("Value error, "),
        ]
    )


def _renamed(new: str) -> dict[str, Any]:
    """What makes an option of an old name an error that tells the new one."""

    def refuse(_: click.Context, option: click.Parameter, value: str | None) -> None:
        if value is not None:
            raise click.UsageError(f"{option.opts[0]} is now called {new}")

    return {"hidden": True, "expose_value": False, "callback": refuse}


@click.group(invoke_without_command=True, epilog=settings_list())
@click.option("--fathom-source", help="Folder or URL of FATHOM files to use instead of the sample.")
@click.option("--raster-source", help="Folder or URL of GeoTIFFs for raster_v2.")
@click.option("--bronze", **_renamed("--fathom-source"))
@click.option("--rasters", **_renamed("--raster-source"))
@click.option("--host", help="Address to serve on.")
@click.option("--port", type=int, help="Port to serve on.")
@click.pass_context
def main(context: click.Context, /, **given: Any) -> None:
    """Watch file pipelines in PostgreSQL, and run their jobs.

    Without a command: prepares what is missing, serves the dashboard and runs its jobs.
    """
    # As Ctrl-C does, so that whatever was started is ended in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    context.meta.update({name: value for name, value in given.items() if value is not None})
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command()
@_prepared
def run(settings: Settings, registry: Registry) -> None:
    """Serve and run jobs: the default."""
    from commands.database import database_url
    from commands.sample import prepare_sample, submit_first_jobs
    from commands.serve import check_start
    from commands.supervise import supervise
    from database.engine import open_engine

    check_start(settings)
    settings.workspace.mkdir(parents=True, exist_ok=True)
    if settings.wants_sample:
        prepare_sample(settings)
    with database_url(settings, registry) as url:
        if settings.wants_sample:
            engine = open_engine(url)
            submit_first_jobs(engine, registry)
            engine.dispose()
        commands = ["serve", "runner"] if settings.runs_jobs else ["serve"]
        supervise(commands, settings.as_environment())


@main.command()
@_prepared
def serve(settings: Settings, registry: Registry) -> None:
    """Serve the dashboard alone."""
    from commands.database import database_url
    from commands.serve import Server, check_start
    from commands.supervise import end_with_parent

    check_start(settings)
    for note in registry.notes():
        click.echo(note)
    end_with_parent()
    with database_url(settings, registry) as url:
        Server(settings, lambda: create_app(settings, registry, url).server).run()


@main.command()
@_prepared
def runner(settings: Settings, registry: Registry) -> None:
    """Run jobs alone; several runners may share a database."""
    from commands.database import open_database
    from commands.runner import log_to_terminal, run_jobs
    from commands.supervise import end_with_parent

    end_with_parent()
    log_to_terminal()
    with open_database(settings, registry) as engine:
        run_jobs(settings, engine, registry)


@main.command()
@_prepared
def sample(settings: Settings, _: Registry) -> None:
    """Write the sample's GeoTIFFs into the data folder."""
    from commands.sample import prepare_sample

    settings.workspace.mkdir(parents=True, exist_ok=True)
    prepare_sample(settings)


@main.group()
def database() -> None:
    """Keep counts in the database, so that a refresh costs the same at any size."""


def _database_command(name: str, help_text: str) -> None:
    @database.command(name, help=help_text)
    @_prepared
    def command(settings: Settings, registry: Registry) -> None:
        from commands.database import open_database
        from commands.rollups import COMMANDS

        with open_database(settings, registry) as engine:
            COMMANDS[name](engine, registry)


_database_command("install", "Install the rollups (schema monitor, triggers) and count once.")
_database_command("status", "Show the state of the rollups.")
_database_command("verify", "Compare the rollups with a full count.")
_database_command("rebuild", "Recount the rollups while writers write.")
_database_command("remove", "Remove schema monitor and its triggers.")


@main.group()
def jobs() -> None:
    """Cancel a job, or run it again."""


def _job_command(name: str, help_text: str, *options: click.Parameter) -> None:
    @jobs.command(name, help=help_text, params=[click.Argument(["job_id"]), *options])
    @_prepared
    def command(settings: Settings, registry: Registry, **given: Any) -> None:
        from commands.database import open_database
        from commands.jobs import COMMANDS

        with open_database(settings, registry) as engine:
            COMMANDS[name](_destination(settings, registry, engine), **given)


FROM_START = click.Option(["--from-start"], is_flag=True, help="A new attempt, with nothing done.")
_job_command("cancel", "End a job that waits or is at work; what is done stays done.")
_job_command("rerun", "Run an ended job again: what failed or was cancelled.", FROM_START)


@main.command("settings")
def print_settings() -> None:
    """Print the settings as a Markdown table."""
    click.echo(settings_table())


if __name__ == "__main__":
    main()
