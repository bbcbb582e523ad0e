"""The rollups in a database, and whether they are valid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from database.rollups.definition import Definition
from database.rollups.origin import RESTORED, of_others
from database.rollups.shape import Column
from database.rollups.sql import Statements, literal_text, run
from pipelines.models import Pipeline

# The subject of all tasks, of any pipeline.
TASKS = ""


@dataclass(frozen=True)
class Rollup:
    """A row of monitor.rollups; a subject is a pipeline's id, or TASKS."""

    subject: str
    number: int
    definition: Mapping[str, Any]
    digest: str
    built_at: datetime | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that it is computed from, as of the installation."""
        return tuple((name, kind) for name, kind in self.definition.get("columns", ()))

    @property
    def table(self) -> str:
        """The table of schema `app` that it is computed from."""
        return "tasks" if self.subject == TASKS else "etl_source_files"

    def of_pipeline(self) -> Definition:
        """The pipeline's installed definition."""
        return Definition(
            Pipeline.model_validate(self.definition["pipeline"]),
            tuple(self.definition["moments"]),
            tuple(self.definition["indexed"]),
            self.columns,
        )


def stored(definition: Definition) -> dict[str, Any]:
    """A definition as monitor.rollups stores it."""
    return {
        "pipeline": definition.pipeline.model_dump(mode="json", by_alias=True),
        "moments": definition.timestamps,
        "indexed": definition.indexed,
        "columns": definition.columns,
    }


def rollups_of(connection: Connection) -> dict[str, Rollup]:
    """The rollups by subject; empty without the schema."""
    if not has_schema(connection):
        return {}
    rows = connection.execute(SUBJECTS).all()
    return {
        subject: Rollup(subject, number, read_definition(definition), digest, built_at)
        for subject, number, definition, digest, built_at in rows
    }


def write_definition(definition: Mapping[str, Any]) -> str:
    """A definition for monitor.rollups: JSON in a JSON string, all ASCII."""
    return json.dumps(json.dumps(definition))


def read_definition(written: Any) -> dict[str, Any]:
    """Reads a definition from monitor.rollups, also in the format of earlier versions."""
    return dict(json.loads(written)) if isinstance(written, str) else dict(written)


SUBJECTS = text(
    "SELECT subject, number, definition, digest, built_at FROM monitor.rollups "
    "ORDER BY subject = '', number"
)


def has_schema(connection: Connection) -> bool:
    """Whether schema `monitor` exists, has this version and may be read."""
    return unreadable(connection) is None


@dataclass(frozen=True)
class Unreadable:
    """Why no rollups can be read. The remedy is always to install them.

    outdated: they are of an earlier version; otherwise there are none.
    """

    outdated: bool

    @property
    def reason(self) -> str:
        """What is wrong, without the remedy."""
        return (
            "the rollups are of an earlier version"
            if self.outdated
            else "this database has no rollups"
        )


def unreadable(connection: Connection) -> Unreadable | None:
    """Why no rollups can be read; None if they can."""
    readable, outdated = connection.execute(SCHEMA).one()
    return None if readable else Unreadable(outdated)


# Up to version 4 the table was called `kept`.
SCHEMA = text(
    """
    SELECT coalesce(bool_or(
               has_schema_privilege(namespace.oid, 'USAGE') AND relname = 'rollups'
               AND has_table_privilege(pg_class.oid, 'SELECT')), false),
           coalesce(bool_or(relname = 'kept'), false)
    FROM pg_namespace AS namespace JOIN pg_class ON relnamespace = namespace.oid
    WHERE nspname = 'monitor' AND relkind = 'r'
    """
)


def reasons(connection: Connection, subject: str) -> list[str]:
    """Why a subject's rollups are invalid, each reason once."""
    table = "tasks" if subject == TASKS else "etl_source_files"
    query = Statements(REASONS).substitute(
        subject=literal_text(subject),
        restored=literal_text(RESTORED),
        of_others=of_others("rollups", table),
    )
    return list(run(connection, query).scalars())


REASONS = """
SELECT DISTINCT reason FROM monitor.invalid WHERE subject = @subject
UNION
SELECT @restored FROM monitor.rollups
WHERE subject = @subject AND built_at IS NOT NULL AND @of_others
ORDER BY 1
"""
