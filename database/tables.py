"""The tables for queries, with only the columns that are used.

In the platform's database, statuses are an enum that may gain values; they are read as text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, DateTime, Integer, Text, cast, column, func, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import FromClause, TableClause

from pipelines.models import Grouping, Pipeline

JOBS = table(
    "jobs",
    column("job_id", Text),
    column("job_type", Text),
    column("parameters", JSONB),
    column("status", Text),
    column("stage", Integer),
    column("total_stages", Integer),
    column("stage_results", JSONB),
    column("metadata", JSONB),
    column("result_data", JSONB),
    column("error_details", Text),
    column("created_at", DateTime),
    column("updated_at", DateTime),
    schema="app",
)

TASKS = table(
    "tasks",
    column("task_id", Text),
    column("parent_job_id", Text),
    column("job_type", Text),
    column("task_type", Text),
    column("stage", Integer),
    column("task_index", Text),
    column("parameters", JSONB),
    column("status", Text),
    column("result_data", JSONB),
    column("metadata", JSONB),
    column("error_details", Text),
    column("retry_count", Integer),
    column("heartbeat", DateTime),
    column("executed_by_app", Text),
    column("execution_started_at", DateTime),
    column("created_at", DateTime),
    column("updated_at", DateTime),
    schema="app",
)


def source_files(pipeline: Pipeline) -> TableClause:
    """`app.etl_source_files` with the columns that a pipeline's phases and groupings use."""
    phases = pipeline.phases
    own = {
        *(phase.completed_field for phase in phases),
        *(phase.group_key for phase in phases if phase.group_key),
        *(g.field for g in pipeline.groupings if g.source == "column"),
    }
    # Written by this project's runner alone.
    texts = {phase.output_column for phase in phases} | {phase.job_column for phase in phases}
    fixed = {
        "id": Integer,
        "etl_type": Text,
        "source_blob_path": Text,
        "source_container": Text,
        "file_size_bytes": BigInteger,
        "source_metadata": JSONB,
        "updated_at": DateTime,
    }
    return table(
        "etl_source_files",
        *(column(name, kind) for name, kind in fixed.items()),
        *(column(name) for name in sorted(own - fixed.keys())),
        *(column(name, Text) for name in sorted(texts - own - fixed.keys())),
        schema="app",
    )


def grouping_value(files: FromClause, grouping: Grouping) -> ColumnElement[str]:
    """A file's value of a grouping as text; NULL if it has none."""
    if grouping.source == "column":
        return cast(files.c[grouping.field], Text)
    value: ColumnElement[str] = files.c.source_metadata[tuple(grouping.field.split("."))].astext
    return value


def spelled_alike(value: ColumnElement[str]) -> ColumnElement[str]:
    """A value in lower case, trimmed; empty for NULL."""
    alike: ColumnElement[str] = func.coalesce(func.lower(func.btrim(value)), "")
    return alike
