"""Writes `app.etl_source_files`: what an inventory found, and what a task completed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Text,
    column,
    func,
    literal,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from jobs.stages import TaskError

SOURCE_FILES = table(
    "etl_source_files",
    column("etl_type", Text),
    column("source_blob_path", Text),
    column("source_container", Text),
    column("file_size_bytes", BigInteger),
    column("source_metadata", JSONB),
    column("phase1_group_key", Text),
    column("phase1_output_blob", Text),
    column("phase1_job_id", Text),
    column("phase1_completed_at", DateTime),
    column("phase2_group_key", Text),
    column("phase2_output_blob", Text),
    column("phase2_job_id", Text),
    column("phase2_completed_at", DateTime),
    column("updated_at", DateTime),
    schema="app",
)
# What a plan reads from the server at a time.
ROWS_AT_A_TIME = 500


@dataclass(frozen=True)
class SourceFile:
    """A file as an inventory found it; `size` in bytes, none where the storage does not say."""

    path: str
    size: int | None
    metadata: dict[str, Any]
    phase1_group_key: str
    phase2_group_key: str | None = None


@dataclass(frozen=True)
class Completion:
    """What a task has done: the files it worked on, and where the output lies.

    `group_key` and `metadata` are what it worked by: an inventory may have written others since.
    """

    etl_type: str
    phase: int
    group_key: str
    paths: Sequence[str]
    output_blob: str
    job_id: str
    again: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


def upsert(
    connection: Connection,
    etl_type: str,
    container: str,
    files: Sequence[SourceFile],
    *,
    batch_size: int,
) -> int:
    """Adds files and refreshes known ones, `batch_size` a statement; how many rows it wrote.

    A known file keeps its grid cell, its groups and what is completed; one that would not change is
    not written. Raises TaskError for a path that is known from another container, as the table
    holds each path once.
    """
    written = 0
    for start in range(0, len(files), batch_size):
        batch = files[start : start + batch_size]
        _check_container(connection, etl_type, container, batch)
        rows = json.dumps([asdict(file) for file in batch])
        values = {"etl_type": etl_type, "container": container, "files": rows}
        written += connection.execute(_UPSERT, values).rowcount
    return written


# A size that does not fit into the column is unknown, and no reason to leave the file out.
_UPSERT = text(
    """
    WITH size_column AS (
        SELECT CASE atttypid WHEN CAST('integer' AS regtype) THEN 2147483647 END AS most
        FROM pg_attribute
        WHERE attrelid = CAST('app.etl_source_files' AS regclass) AND attname = 'file_size_bytes')
    INSERT INTO app.etl_source_files AS known
        (etl_type, source_container, source_blob_path, file_size_bytes, source_metadata,
         phase1_group_key, phase2_group_key)
    SELECT :etl_type, :container, found.path,
           CASE WHEN found.size <= COALESCE(size_column.most, found.size) THEN found.size END,
           found.metadata, found.phase1_group_key, found.phase2_group_key
    FROM size_column, jsonb_to_recordset(CAST(:files AS jsonb)) AS found
        (path text, size bigint, metadata jsonb, phase1_group_key text, phase2_group_key text)
    ON CONFLICT (etl_type, source_blob_path) DO UPDATE SET
        file_size_bytes = EXCLUDED.file_size_bytes,
        source_metadata = COALESCE(known.source_metadata, '{}')
                          || (EXCLUDED.source_metadata - 'grid_cell'),
        updated_at = NOW()
    WHERE known.file_size_bytes IS DISTINCT FROM EXCLUDED.file_size_bytes
       OR known.source_metadata IS NULL
       OR NOT known.source_metadata @> (EXCLUDED.source_metadata - 'grid_cell')
    """
)


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


def complete(connection: Connection, done: Completion) -> int:
    """Marks exactly the files of a task as completed, in one statement; how many it marked.

    What is completed already keeps its time and output, unless it was done `again` on request.
    """
    files = SOURCE_FILES.c
    completed_at = files[f"phase{done.phase}_completed_at"]
    statement = update(SOURCE_FILES).where(
        files.etl_type == done.etl_type,
        files.source_blob_path == func.any(literal(list(done.paths), ARRAY(Text))),
    )
    if not done.again:
        statement = statement.where(completed_at.is_(None))
    written: dict[str, Any] = {
        f"phase{done.phase}_completed_at": func.now(),
        f"phase{done.phase}_group_key": done.group_key,
        f"phase{done.phase}_output_blob": done.output_blob,
        f"phase{done.phase}_job_id": done.job_id,
        "updated_at": func.now(),
    }
    if done.metadata:
        written["source_metadata"] = files.source_metadata.concat(dict(done.metadata))
    return int(connection.execute(statement.values(written)).rowcount)
