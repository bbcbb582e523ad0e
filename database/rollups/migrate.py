"""Brings schema `monitor` up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from database.engine import DatabaseError

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(connection: Connection) -> None:
    """Creates or updates the tables that all pipelines share.

    Raises DatabaseError if the schema belongs to another role, or the platform's tables are
    missing.
    """
    if current(connection) is None:
        _check(connection)
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """The configuration with which Alembic changes the schema in a connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def current(connection: Connection) -> str | None:
    """The revision of the schema; None without a schema."""
    options = {"version_table_schema": "monitor"}
    revision: str | None = MigrationContext.configure(
        connection, opts=options
    ).get_current_revision()
    return revision


def is_outdated(connection: Connection) -> bool:
    """Whether the schema has an earlier revision, and this role may change it."""
    script = ScriptDirectory(str(MIGRATIONS))
    earlier = {one.revision for one in script.walk_revisions()} - {script.get_current_head()}
    return current(connection) in earlier and bool(connection.execute(OWNED).scalar_one())


OWNED = text(
    """
    SELECT pg_has_role(nspowner, 'USAGE') AND NOT pg_is_in_recovery()
           AND current_setting('transaction_read_only') = 'off'
    FROM pg_namespace WHERE nspname = 'monitor'
    """
)


def _check(connection: Connection) -> None:
    tables = inspect(connection)
    if tables.has_schema("monitor") and tables.get_table_names("monitor"):
        raise DatabaseError(
            "The database has a schema 'monitor' that is not Pipeline Monitor's; "
            "nothing was changed. Rename it, or go on without rollups."
        )
    missing = {"etl_source_files", "jobs", "tasks"} - set(tables.get_table_names("app"))
    if missing:
        raise DatabaseError(f"Schema 'app' has no table {sorted(missing)[0]}; check DATABASE_URL")
