"""Creates the platform's tables: in the embedded database, and where `database create` asks."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from database.engine import DATABASE_FAILURES, DatabaseError, error_message
from pipelines.models import Phase
from pipelines.registry import Registry

SCHEMA = Path(__file__).with_name("schema.sql")


def install_schema(engine: Engine, registry: Registry) -> None:
    """Creates what is missing in the embedded database, and renews what earlier versions made."""
    with engine.begin() as connection:
        _create(connection, registry)
        # An enum from an earlier version lacks this status.
        connection.execute(text("ALTER TYPE app.job_status ADD VALUE IF NOT EXISTS 'cancelled'"))


def create_tables(engine: Engine, registry: Registry) -> None:
    """Creates schema `app` if it is missing, and the columns of every registered phase.

    What is there stays as it is. Raises DatabaseError where the database refuses.
    """
    try:
        with engine.begin() as connection:
            _create(connection, registry)
    except DATABASE_FAILURES as error:
        raise DatabaseError(f"The tables were not created: {error_message(error)}") from error


def _create(connection: Connection, registry: Registry) -> None:
    if not inspect(connection).has_schema("app"):
        connection.exec_driver_sql(SCHEMA.read_text(encoding="utf-8"))
    for pipeline in registry.values():
        for phase in pipeline.phases:
            for statement in _phase_columns(phase):
                connection.execute(text(statement))


def _phase_columns(phase: Phase) -> list[str]:
    # Names come from the registry, whose models allow only [a-z0-9_].
    table = "app.etl_source_files"
    columns = {
        phase.output_column: "varchar(512)",
        phase.job_column: "varchar(64)",
        phase.completed_field: "timestamp",
        **({phase.group_key: "varchar(150)"} if phase.group_key else {}),
    }
    statements = [
        f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}"
        for name, kind in columns.items()
    ]
    if phase.group_key:
        index = f"idx_etl_source_files_{phase.group_key}"
        statements.append(
            f"CREATE INDEX IF NOT EXISTS {index} ON {table} (etl_type, {phase.group_key})"
        )
    statements.append(
        f"CREATE INDEX IF NOT EXISTS idx_etl_source_files_{phase.completed_field}_pending "
        f"ON {table} (etl_type) WHERE {phase.completed_field} IS NULL"
    )
    return statements
