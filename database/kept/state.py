"""What is kept in a database, and whether it can be believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from database.kept.definition import Definition
from database.kept.origin import RESTORED, of_others
from database.kept.shape import Column
from database.kept.sql import Statements, literal_text, run
from pipelines.models import Pipeline

# All tasks, whatever their pipeline.
TASKS = ""


@dataclass(frozen=True)
class Kept:
    """A row of monitor.kept; a subject is a pipeline's id, or TASKS."""

    subject: str
    number: int
    definition: Mapping[str, Any]
    digest: str
    built_at: datetime | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that it is made from, as they were at the installation."""
        return tuple((name, kind) for name, kind in self.definition.get("columns", ()))

    @property
    def table(self) -> str:
        """The table of schema `app` that it is made from."""
        return "tasks" if self.subject == TASKS else "etl_source_files"

    def of_pipeline(self) -> Definition:
        """The pipeline's definition as it was installed."""
        return Definition(
            Pipeline.model_validate(self.definition["pipeline"]),
            tuple(self.definition["moments"]),
            tuple(self.definition["indexed"]),
            self.columns,
        )


def stored(definition: Definition) -> dict[str, Any]:
    """A definition as monitor.kept holds it."""
    return {
        "pipeline": definition.pipeline.model_dump(mode="json", by_alias=True),
        "moments": definition.moments,
        "indexed": definition.indexed,
        "columns": definition.columns,
    }


def kept_subjects(connection: Connection) -> dict[str, Kept]:
    """What is kept, by subject; nothing when the schema is not there."""
    if not has_schema(connection):
        return {}
    rows = connection.execute(SUBJECTS).all()
    return {
        subject: Kept(subject, number, read_definition(definition), digest, built_at)
        for subject, number, definition, digest, built_at in rows
    }


def write_definition(definition: Mapping[str, Any]) -> str:
    """A definition for monitor.kept: JSON in a JSON string, in characters of every encoding."""
    return json.dumps(json.dumps(definition))


def read_definition(held: Any) -> dict[str, Any]:
    """The definition that monitor.kept holds, also as earlier versions wrote it."""
    return dict(json.loads(held)) if isinstance(held, str) else dict(held)


SUBJECTS = text(
    "SELECT subject, number, definition, digest, built_at FROM monitor.kept "
    "ORDER BY subject = '', number"
)


def has_schema(connection: Connection) -> bool:
    """Whether schema `monitor` is there and may be read."""
    return bool(connection.execute(HAS_SCHEMA).scalar_one())


HAS_SCHEMA = text(
    """
    SELECT coalesce(bool_or(
        has_schema_privilege(namespace.oid, 'USAGE')
        AND EXISTS (SELECT FROM pg_class WHERE relnamespace = namespace.oid
                    AND relname = 'kept' AND has_table_privilege(pg_class.oid, 'SELECT'))), false)
    FROM pg_namespace AS namespace WHERE nspname = 'monitor'
    """
)


def reasons(connection: Connection, subject: str) -> list[str]:
    """Why what is kept of a subject can't be believed, each reason once."""
    table = "tasks" if subject == TASKS else "etl_source_files"
    query = Statements(REASONS).substitute(
        subject=literal_text(subject),
        restored=literal_text(RESTORED),
        of_others=of_others("kept", table),
    )
    return list(run(connection, query).scalars())


REASONS = """
SELECT DISTINCT reason FROM monitor.distrust WHERE subject = @subject
UNION
SELECT @restored FROM monitor.kept
WHERE subject = @subject AND built_at IS NOT NULL AND @of_others
ORDER BY 1
"""
