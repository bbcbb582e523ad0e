"""What a pipeline's rollups depend on: parts of its registry entry and of the tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from database.engine import DatabaseError
from database.rollups.shape import Column, columns_as_they_are
from pipelines.models import Pipeline

# Increase it when rollups change in structure or meaning: installed ones are then rebuilt.
VERSION = 5
LONGEST_PREFIX = 40


@dataclass(frozen=True)
class Definition:
    """A pipeline and the columns that its rollups are computed from.

    timestamps: the SQL types of the phases' completed_field; indexed: for each phase, whether an
    index finds the files of a group; columns: all columns used, with their types.
    """

    pipeline: Pipeline
    timestamps: tuple[str, ...]
    indexed: tuple[bool, ...]
    columns: tuple[Column, ...]

    @property
    def digest(self) -> str:
        """Equal for definitions with the same counts."""
        return sha256(json.dumps([VERSION, self._facts()]).encode()).hexdigest()

    def _facts(self) -> list[Any]:
        phases = zip(self.pipeline.phases, self.timestamps, self.indexed, strict=True)
        return [
            self.pipeline.id,
            *counted_fields(self.pipeline),
            [[timestamp, indexed] for _, timestamp, indexed in phases],
            self.columns,
        ]


def counted_fields(pipeline: Pipeline) -> list[Any]:
    """The parts of a registry entry that affect the counts."""
    return [
        pipeline.etl_type,
        [[grouping.field, grouping.source] for grouping in pipeline.groupings],
        [
            [p.completed_field, p.task_type, p.group_key, p.task_group]
            if p.has_tasks
            else [p.completed_field]
            for p in pipeline.phases
        ],
        pipeline.within and [pipeline.within.field, pipeline.within.group_parameter],
    ]


def prefix_of(pipeline_id: str) -> str:
    """The prefix of a pipeline's rollup tables: its id, shortened if too long."""
    if len(pipeline_id) <= LONGEST_PREFIX:
        return pipeline_id
    return f"{pipeline_id[: LONGEST_PREFIX - 9]}_{sha256(pipeline_id.encode()).hexdigest()[:8]}"


def define(connection: Connection, pipeline: Pipeline) -> Definition:
    """The definition of a pipeline for the current tables. Raises MissingColumn."""
    types = column_types(connection, "etl_source_files")
    # A trigger on a missing column would make every write fail.
    missing = [name for name in columns_of(pipeline) if name not in types]
    if missing:
        raise MissingColumn(
            f"app.etl_source_files has no column {missing[0]}, "
            f"which pipeline '{pipeline.id}' names; add it or mend the pipeline file"
        )
    return Definition(
        pipeline,
        tuple(types[phase.completed_field] for phase in pipeline.phases),
        tuple(
            phase.has_tasks and _is_indexed(connection, phase.group_key)
            for phase in pipeline.phases
        ),
        columns_as_they_are(connection, "etl_source_files", columns_of(pipeline)),
    )


def columns_of(pipeline: Pipeline) -> list[str]:
    """The columns of `app.etl_source_files` that a pipeline's rollups are computed from."""
    names = {"etl_type", "file_size_bytes", *(phase.completed_field for phase in pipeline.phases)}
    names |= {phase.group_key for phase in pipeline.phases if phase.has_tasks and phase.group_key}
    names |= {
        grouping.field if grouping.source == "column" else "source_metadata"
        for grouping in pipeline.groupings
    }
    return sorted(names)


class MissingColumn(DatabaseError):
    """The tables lack a column that a pipeline uses; the message names it."""


def column_types(connection: Connection, name: str) -> dict[str, str]:
    """The SQL types of a table of schema `app`, by column."""
    rows = connection.execute(COLUMN_TYPES, {"name": name})
    return {column: kind for column, kind in rows}  # noqa: C416


COLUMN_TYPES = text(
    """
    SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = to_regclass('app.' || :name) AND attnum > 0 AND NOT attisdropped
    """
)


def _is_indexed(connection: Connection, column: str | None) -> bool:
    return bool(connection.execute(INDEXED, {"column": column}).scalar_one())


# Whether an index starts with the column, or with etl_type and the column.
INDEXED = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_index
        CROSS JOIN LATERAL (
            SELECT array_agg(attname::text ORDER BY place) AS names
            FROM unnest(indkey::int[]) WITH ORDINALITY AS key (number, place)
            JOIN pg_attribute ON attrelid = indrelid AND attnum = key.number) AS columns
        WHERE indrelid = to_regclass('app.etl_source_files') AND indisvalid AND indpred IS NULL
          AND (names[1] = :column OR names[1:2] = ARRAY['etl_type', CAST(:column AS text)]))
    """
)
