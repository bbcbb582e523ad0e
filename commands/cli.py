"""The command line: `python app.py …`."""

from __future__ import annotations

import functools
import signal
import sys
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from commands.configuration import destination_of, registry_of
from commands.settings_help import settings_list, settings_table
from pipelines.errors import MonitorError
from pipelines.registry import Registry
from settings import Settings

# Commands import slow modules themselves, because Dask workers import this module too.


def prepared(command: Any) -> Any:
    """Passes settings and registry to a command; errors in them end it with one message."""

    @click.pass_context
    @functools.wraps(command)
    def run_prepared(context: click.Context, *args: Any, **kwargs: Any) -> None:
        try:
            settings = Settings(**context.find_root().meta)
            command(settings, registry_of(settings), *args, **kwargs)
        except ValidationError as error:
            raise click.ClickException("\n".join(map(_mistake, error.errors()))) from error
        except MonitorError as error:
            raise click.ClickException(str(error)) from error
        except Exception as error:
            if message := _refusal(error):
                raise click.ClickException(message) from error
            raise

    return run_prepared


def _refusal(error: Exception) -> str | None:
    """What the database said, if the error is its."""
    from database.engine import DATABASE_FAILURES, error_message

    known = isinstance(error, DATABASE_FAILURES)
    return f"The database can't be used: {error_message(error)}" if known else None


def refuse_read_only(settings: Settings) -> None:
    """Raises click.ClickException for a command that changes something under READ_ONLY."""
    if settings.read_only:
        raise click.ClickException("READ_ONLY is set: nothing was changed")


def _mistake(found: Any) -> str:
    """One line: the name of the setting, if the error concerns only one, and what is wrong."""
    return ": ".join(
        [
            *(str(name).upper() for name in found["loc"][:1]),
            found["msg"].removeprefix("Value error, "),
        ]
    )


def _renamed(new: str) -> dict[str, Any]:
    """Arguments for a renamed option: using it is an error that names the new option."""

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
    # SIGTERM exits like Ctrl-C, so that everything that was started is stopped properly.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    context.meta.update({name: value for name, value in given.items() if value is not None})
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command()
@prepared
def run(settings: Settings, registry: Registry) -> None:
    """Serve and run jobs: the default."""
    from commands.database import database_url
    from commands.sample import prepare_sample, submit_first_jobs
    from commands.serve import check_start
    from commands.supervise import supervise
    from commands.workspace import prepare_workspace
    from database.engine import open_engine

    check_start(settings)
    prepare_workspace(settings, registry)
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
@prepared
def runner(settings: Settings, registry: Registry) -> None:
    """Run jobs only, without the dashboard; several runners may share a database."""
    from commands.database import open_database
    from commands.runner import log_to_terminal, run_jobs
    from commands.supervise import end_with_parent
    from commands.workspace import prepare_workspace

    refuse_read_only(settings)
    end_with_parent()
    log_to_terminal()
    prepare_workspace(settings, registry)
    with open_database(settings, registry) as engine:
        run_jobs(settings, engine, registry)


@main.command()
@prepared
def sample(settings: Settings, registry: Registry) -> None:
    """Write the sample's GeoTIFFs into the data folder."""
    from commands.sample import prepare_sample
    from commands.workspace import prepare_workspace

    prepare_workspace(settings, registry)
    prepare_sample(settings)


@main.group()
def database() -> None:
    """Create the tables, and keep counts, so that a refresh costs the same at any size."""


def _database_command(name: str, help_text: str) -> None:
    @database.command(name, help=help_text)
    @prepared
    def command(settings: Settings, registry: Registry) -> None:
        from commands.database import open_database
        from commands.rollups import COMMANDS

        if name not in LOOKING:
            refuse_read_only(settings)
        with open_database(settings, registry) as engine:
            COMMANDS[name](engine, registry)


# They change nothing.
LOOKING = ("status", "verify")
_database_command("create", "Create schema app, and the columns of each pipeline, where missing.")
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
    @prepared
    def command(settings: Settings, registry: Registry, **given: Any) -> None:
        from access.audit import Audit
        from commands.database import open_database
        from commands.jobs import COMMANDS, typist
        from jobs.actions import Actions

        actor = typist(settings.read_only)
        actor.check()
        with open_database(settings, registry) as engine:
            actions = Actions(registry, destination_of(settings, registry, engine), Audit(engine))
            COMMANDS[name](actions.by(actor), **given)


FROM_START = click.Option(["--from-start"], is_flag=True, help="A new attempt, with nothing done.")
_job_command("cancel", "End a job that waits or is at work; what is done stays done.")
_job_command("rerun", "Run an ended job again: what failed or was cancelled.", FROM_START)


@main.group()
def pipeline() -> None:
    """Create a pipeline of your own, or check one."""


@pipeline.command()
@click.argument("name")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
def new(name: str, folder: Path) -> None:
    """Write NAME.toml and NAME_jobs.py: images are registered and get thumbnails."""
    from commands.pipeline import new_pipeline

    description, module = new_pipeline(name, folder)
    click.echo(f"Wrote {description} and {module}. Run them with\n")
    program = f"python {sys.argv[0]}" if sys.argv[0].endswith(".py") else sys.argv[0]
    click.echo(f"    PIPELINES_DIR={folder} JOBS_MODULE={module} {program}")


@pipeline.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@prepared
def check(settings: Settings, _: Registry, file: Path) -> None:
    """Check a pipeline FILE: its job types, columns, and whether its groupings occur."""
    from commands.pipeline import check_pipeline

    wrong = 0
    for right, what in check_pipeline(settings, file):
        wrong += not right
        click.echo(f"{'ok   ' if right else 'WRONG'} {what}")
    if wrong:
        raise click.ClickException(f"{file}: {wrong} of these are wrong")


@main.command()
@click.argument("name")
@click.option("--scope", type=click.Choice(["read", "submit"]), default="read", show_default=True)
def token(name: str, scope: str) -> None:
    """Make a token with which a script uses the API; its secret is printed once."""
    from access.tokens import bearer, new_token

    try:
        secret, entry = new_token(name, scope)
    except MonitorError as error:
        raise click.ClickException(f"{error}. A name has letters, digits and . _ @ -") from error
    click.echo(f"Send this with each request, and store it safely:\n\n{bearer(secret)}\n")
    click.echo(f"Add this to API_TOKENS, and start the dashboard again:\n\n    {entry}")


@main.command("settings")
def print_settings() -> None:
    """Print the settings as a Markdown table."""
    click.echo(settings_table())
