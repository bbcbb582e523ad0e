"""Brings schema `monitor` up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from database.engine import DatabaseError

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(connection: Connection) -> None:
    """Creates or changes the tables that all pipelines share.

    Raises DatabaseError when the schema belongs to somebody else, or the platform's tables are
    missing.
    """
    if current(connection) is None:
        _check(connection)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def current(connection: Connection) -> str | None:
    """The revision of the schema, none when there is none."""
    options = {"version_table_schema": "monitor"}
    revision: str | None = MigrationContext.configure(
        connection, opts=options
    ).get_current_revision()
    return revision


def newest() -> str | None:
    """The revision that this program has."""
    script = ScriptDirectory(str(MIGRATIONS))
    revision: str | None = script.get_current_head()
    return revision


def _check(connection: Connection) -> None:
    tables = inspect(connection)
    if tables.has_schema("monitor") and tables.get_table_names("monitor"):
        raise DatabaseError(
            "The database has a schema 'monitor' that is not Pipeline Monitor's; "
            "nothing was changed. Rename it, or go on without the kept cube."
        )
    missing = {"etl_source_files", "jobs", "tasks"} - set(tables.get_table_names("app"))
    if missing:
        raise DatabaseError(f"Schema 'app' has no table {sorted(missing)[0]}; check DATABASE_URL")
