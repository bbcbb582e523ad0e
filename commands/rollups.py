"""`python app.py database …`: the tables and rollups of the settings' database."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Engine, text

from database.rollups.install import install
from database.rollups.install import remove as remove_schema
from database.rollups.rebuild import rebuild
from database.rollups.shape import INSTALL
from database.rollups.state import TASKS, rollups_of, unreadable
from database.rollups.status import status
from database.rollups.verify import verify
from database.schema import create_tables
from pipelines.registry import Registry

EXAMPLES = 10


def create(engine: Engine, registry: Registry) -> None:
    """Creates the tables and columns that are missing. Raises DatabaseError."""
    create_tables(engine, registry)
    click.echo("Schema app has the tables, and the columns of every pipeline.")


def install_rollups(engine: Engine, registry: Registry) -> None:
    """Installs what is missing. Raises DatabaseError."""
    install(engine, registry, click.echo)


def show_status(engine: Engine, registry: Registry) -> None:
    """Prints one line per subject."""
    with engine.connect() as connection:
        problem = unreadable(connection)
    if problem:
        click.echo(f"{problem.reason}: {INSTALL}")
        return
    for one in status(engine, registry):
        counted = f", counted {one.built_at:%Y-%m-%d %H:%M:%S %Z}" if one.built_at else ""
        pending = one.pending_changes
        changes = "" if pending is None else f", {pending} changes to be compacted"
        click.echo(f"{_name(one.subject)}: {one.state}{counted}{changes}")


def verify_rollups(engine: Engine, _: Registry) -> None:
    """Compares all rollups with full counts. Raises click.ClickException if any differ."""
    wrong = 0
    for subject in _subjects(engine):
        began = time.monotonic()
        differences = verify(engine, subject)
        seconds = time.monotonic() - began
        verdict = f"{len(differences)} differences" if differences else "is right"
        click.echo(f"{_name(subject)}: {verdict} ({seconds:.1f} s)")
        for one in differences[:EXAMPLES]:
            click.echo(f"  {one.what}: rollup {one.rollup}, counted {one.counted}")
        wrong += len(differences)
    if wrong:
        raise click.ClickException(
            "The rollups differ from a full count: `python app.py database rebuild` repairs them."
        )


def rebuild_rollups(engine: Engine, _: Registry) -> None:
    """Recounts all rollups while writers write."""
    for subject in _subjects(engine):
        began = time.monotonic()
        rebuild(engine, subject)
        click.echo(f"{_name(subject)}: recounted ({time.monotonic() - began:.1f} s)")


def remove_rollups(engine: Engine, _: Registry) -> None:
    """Removes schema `monitor` and its triggers; the audit is written into a file before."""
    if file := save_audit(engine, Path()):
        click.echo(f"The audit, who changed what, is now in {file}.")
    removed = remove_schema(engine)
    done = "Schema 'monitor' and its triggers are removed."
    click.echo(done if removed else "There are no rollups.")


def save_audit(engine: Engine, folder: Path) -> Path | None:
    """Writes all entries of `monitor.audit` into a new CSV file; None if there are none."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('monitor.audit')")).scalar_one() is None:
            return None
        entries = connection.execute(text("SELECT * FROM monitor.audit ORDER BY id"))
        rows = [tuple(row) for row in entries]
    if not rows:
        return None
    file = folder / f"monitor-audit-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z.csv"
    with file.open("x", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([tuple(entries.keys()), *rows])
    return file


def _subjects(engine: Engine) -> Sequence[str]:
    with engine.connect() as connection:
        subjects = list(rollups_of(connection))
    if not subjects:
        raise click.ClickException(f"There are no rollups: {INSTALL}")
    return subjects


def _name(subject: str) -> str:
    return "app.tasks" if subject == TASKS else subject


COMMANDS = {
    "create": create,
    "install": install_rollups,
    "status": show_status,
    "verify": verify_rollups,
    "rebuild": rebuild_rollups,
    "remove": remove_rollups,
}
