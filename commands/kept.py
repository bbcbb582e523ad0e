"""`python app.py database …`: the kept cube of the settings' database."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click
from sqlalchemy import Engine

from database.kept.install import install
from database.kept.install import remove as remove_schema
from database.kept.rebuild import rebuild
from database.kept.state import TASKS, kept_subjects
from database.kept.status import status
from database.kept.verify import verify
from pipelines.registry import Registry

EXAMPLES = 10


def install_kept(engine: Engine, registry: Registry) -> None:
    """Installs what is missing. Raises DatabaseError."""
    install(engine, registry, click.echo)


def show_status(engine: Engine, registry: Registry) -> None:
    """Prints a line for each subject."""
    standings = status(engine, registry)
    if not standings:
        click.echo("Nothing is kept: `python app.py database install` installs it.")
    for one in standings:
        counted = f", counted {one.built_at:%Y-%m-%d %H:%M:%S %Z}" if one.built_at else ""
        changes = "" if one.unfolded is None else f", {one.unfolded} changes to be folded"
        click.echo(f"{_name(one.subject)}: {one.state}{counted}{changes}")


def verify_kept(engine: Engine, _: Registry) -> None:
    """Compares all that is kept with full counts. Raises click.ClickException when any differs."""
    wrong = 0
    for subject in _subjects(engine):
        began = time.monotonic()
        differences = verify(engine, subject)
        seconds = time.monotonic() - began
        verdict = f"{len(differences)} differences" if differences else "is right"
        click.echo(f"{_name(subject)}: {verdict} ({seconds:.1f} s)")
        for one in differences[:EXAMPLES]:
            click.echo(f"  {one.what}: kept {one.kept}, counted {one.counted}")
        wrong += len(differences)
    if wrong:
        raise click.ClickException(
            "What is kept differs from a full count: `python app.py database rebuild` mends it."
        )


def rebuild_kept(engine: Engine, _: Registry) -> None:
    """Counts all that is kept anew, while writers write."""
    for subject in _subjects(engine):
        began = time.monotonic()
        rebuild(engine, subject)
        click.echo(f"{_name(subject)}: counted anew ({time.monotonic() - began:.1f} s)")


def remove_kept(engine: Engine, _: Registry) -> None:
    """Removes schema `monitor` and its triggers."""
    removed = remove_schema(engine)
    click.echo("Schema 'monitor' and its triggers are removed." if removed else "Nothing is kept.")


def _subjects(engine: Engine) -> Sequence[str]:
    with engine.connect() as connection:
        subjects = list(kept_subjects(connection))
    if not subjects:
        raise click.ClickException("Nothing is kept: `python app.py database install` installs it.")
    return subjects


def _name(subject: str) -> str:
    return "app.tasks" if subject == TASKS else subject


COMMANDS = {
    "install": install_kept,
    "status": show_status,
    "verify": verify_kept,
    "rebuild": rebuild_kept,
    "remove": remove_kept,
}
