"""Writes `app.etl_source_files`: registers files and marks them as completed.

The registry names the columns of a phase's group, output, job and completion time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    TableClause,
    Text,
    TextClause,
    func,
    literal,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from database.tables import source_files
from jobs.stages import Job, TaskError
from pipelines.models import Phase, Pipeline

# How many rows a plan fetches from the server at a time.
ROWS_AT_A_TIME = 500
# The longest path that the table can hold.
LONGEST_PATH = 512
_LONGEST_SLUG = 120


@dataclass(frozen=True)
class SourceFile:
    """A file to register.

    path: within its container; size: in bytes, None if the storage does not know it; metadata:
    values for the groupings; groups: group names by phase id, for phases with a `group_key`.
    """

    path: str
    size: int | None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


def path_fits(path: str) -> bool:
    """Whether the table can hold a path: not too long, and every character printable."""
    return len(path) <= LONGEST_PATH and path.isprintable()


def group_column(files: TableClause, phase: Phase) -> ColumnElement[str]:
    """The column of a phase's groups. Raises TaskError if the phase has no `group_key`."""
    if phase.group_key is None:
        raise TaskError(f"Phase '{phase.id}' has no `group_key` in the pipeline's file; add it")
    return files.c[phase.group_key]


def unique_name(path: str) -> str:
    """A readable name for a path, unique to it, of at most 150 characters."""
    stem = path.rsplit(".", 1)[0]
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-")[-_LONGEST_SLUG:]
    return f"{slug}-{sha256(path.encode()).hexdigest()[:8]}"


def register(
    connection: Connection,
    pipeline: Pipeline,
    container: str,
    files: Sequence[SourceFile],
    *,
    batch_size: int = 1000,
) -> int:
    """Adds new files and updates known ones, `batch_size` per statement. Returns the rows written.

    A known file keeps its grid cell, its groups and its completed phases; if nothing would change,
    it is not written. Raises TaskError for a path that is registered from another container, since
    the table holds each path once, and for a group of an unknown phase or one without `group_key`.
    """
    keys = {phase.id: phase.group_key for phase in pipeline.phases if phase.group_key}
    _check_groups(pipeline, keys, files)
    statement = _upsert(keys)
    # For a repeated path the last file wins: a statement can't write a row twice.
    distinct = list({file.path: file for file in files}.values())
    written = 0
    for start in range(0, len(distinct), batch_size):
        batch = distinct[start : start + batch_size]
        _check_container(connection, pipeline.etl_type, container, batch)
        rows = [
            {"path": f.path, "size": f.size, "metadata": f.metadata, "groups": f.groups}
            for f in batch
        ]
        values = {
            "etl_type": pipeline.etl_type,
            "container": container,
            "files": json.dumps(rows, default=dict),
        }
        written += connection.execute(statement, values).rowcount
    return written


def _check_groups(pipeline: Pipeline, keys: Mapping[str, str], files: Iterable[SourceFile]) -> None:
    for file in files:
        for phase_id in file.groups:
            if phase_id not in keys:
                expected = ", ".join(keys) or "none"
                raise TaskError(
                    f"{file.path} has a group of phase '{phase_id}'; the phases of pipeline "
                    f"'{pipeline.id}' that have a group_key are: {expected}"
                )


def _upsert(keys: Mapping[str, str]) -> TextClause:
    # The names come from the registry, whose models only allow [a-z0-9_]. If two phases share a
    # group column, the first phase's group wins.
    columns: dict[str, list[str]] = {}
    for phase_id, column in keys.items():
        columns.setdefault(column, []).append(f"found.groups ->> '{phase_id}'")
    return text(
        _UPSERT.format(
            names="".join(f", {name}" for name in columns),
            values="".join(f", COALESCE({', '.join(groups)})" for groups in columns.values()),
            group_changes="".join(f"{n} = COALESCE(known.{n}, EXCLUDED.{n}), " for n in columns),
            missing="".join(f" OR known.{n} IS NULL AND EXCLUDED.{n} IS NOT NULL" for n in columns),
        )
    )


# A size that does not fit into the column is stored as unknown; the file is registered anyway.
_UPSERT = """
    WITH size_column AS (
        SELECT CASE atttypid WHEN CAST('integer' AS regtype) THEN 2147483647 END AS most
        FROM pg_attribute
        WHERE attrelid = CAST('app.etl_source_files' AS regclass) AND attname = 'file_size_bytes')
    INSERT INTO app.etl_source_files AS known
        (etl_type, source_container, source_blob_path, file_size_bytes, source_metadata{names})
    SELECT :etl_type, :container, found.path,
           CASE WHEN found.size <= COALESCE(size_column.most, found.size) THEN found.size END,
           found.metadata{values}
    FROM size_column, jsonb_to_recordset(CAST(:files AS jsonb)) AS found
        (path text, size bigint, metadata jsonb, groups jsonb)
    ON CONFLICT (etl_type, source_blob_path) DO UPDATE SET
        file_size_bytes = EXCLUDED.file_size_bytes,
        source_metadata = COALESCE(known.source_metadata, '{{}}')
                          || (EXCLUDED.source_metadata - 'grid_cell'),
        {group_changes}updated_at = NOW()
    WHERE known.file_size_bytes IS DISTINCT FROM EXCLUDED.file_size_bytes
       OR known.source_metadata IS NULL
       OR NOT known.source_metadata @> (EXCLUDED.source_metadata - 'grid_cell'){missing}
    """


def _check_container(
    connection: Connection, etl_type: str, container: str, files: Sequence[SourceFile]
) -> None:
    values = {
        "etl_type": etl_type,
        "container": container,
        "paths": [file.path for file in files],
    }
    elsewhere = connection.execute(_ELSEWHERE, values).first()
    if elsewhere is not None:
        raise TaskError(
            f"{container}/{elsewhere.source_blob_path} has the same path as a file of container "
            f"{elsewhere.source_container}, and the table holds each path once; "
            "put the files into a folder of another name"
        )


_ELSEWHERE = text(
    """
    SELECT source_blob_path, source_container FROM app.etl_source_files
    WHERE etl_type = :etl_type AND source_blob_path = ANY (:paths)
      AND source_container <> :container
    LIMIT 1
    """
)


def complete(
    connection: Connection,
    job: Job,
    paths: Sequence[str],
    *,
    output: str | None = None,
    group: str | None = None,
    again: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> int:
    """Marks files as completed in the job's phase, in one statement. Returns how many it marked.

    paths: exactly the files that the task processed. output: path of the result. group and
    metadata: the values that the task used, because the files' own may have changed since. Files
    that are already completed keep their time and output, except with `again`. Raises TaskError if
    the job has no phase.
    """
    files, phase = source_files(job.pipeline), job.phase
    completed_at = files.c[phase.completed_field]
    statement = update(files).where(
        files.c.etl_type == job.pipeline.etl_type,
        files.c.source_blob_path == func.any(literal(list(paths), ARRAY(Text))),
    )
    if not again:
        statement = statement.where(completed_at.is_(None))
    written: dict[str, Any] = {
        phase.completed_field: func.now(),
        phase.output_column: output,
        phase.job_column: job.job_id,
        "updated_at": func.now(),
    }
    if phase.group_key and group is not None:
        written[phase.group_key] = group
    if metadata:
        written["source_metadata"] = files.c.source_metadata.concat(dict(metadata))
    return int(connection.execute(statement.values(written)).rowcount)
