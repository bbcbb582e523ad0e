"""What is left to do in a job's phase: files, their groups, and how many there are.

A file is ready once the previous phase has completed it, and pending until the job's phase has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, func, null, select, true

from database.tables import grouping_value, source_files
from jobs.source_files import ROWS_AT_A_TIME, group_column
from jobs.stages import Job, Scope, TaskError


@dataclass(frozen=True)
class RegisteredFile:
    """A row of `app.etl_source_files`: size in bytes and group in the job's phase, None if unknown.

    before: path of the previous phase's output for this file; None if there is no previous phase.
    """

    path: str
    container: str
    size: int | None
    metadata: Mapping[str, Any]
    group: str | None
    before: str | None


@dataclass(frozen=True)
class FileGroup:
    """The files that one task of a phase processes together, ordered by path."""

    name: str
    files: tuple[RegisteredFile, ...]

    @property
    def paths(self) -> list[str]:
        """The files' paths."""
        return [file.path for file in self.files]


def pending_files(
    connection: Connection, job: Job, where: Mapping[str, Any] | None = None, *, again: bool = False
) -> Iterator[RegisteredFile]:
    """The files that are ready and pending in the job's phase, ordered by path, streamed.

    where: wanted value by grouping field; empty values don't filter. again: include completed
    files. Raises TaskError for a field that is not a grouping of the pipeline.
    """
    statement = _Statement(job, where)
    conditions = [statement.ready, statement.wanted] + ([] if again else [statement.pending])
    query = statement.files(*conditions).order_by(statement.table.c.source_blob_path)
    for row in connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME}):
        yield RegisteredFile(*row)


def pending_groups(
    connection: Connection, job: Job, where: Mapping[str, Any] | None = None, *, again: bool = False
) -> Iterator[FileGroup]:
    """The groups with a pending file whose files are all ready, ordered by name, streamed.

    A group contains all its files, also completed ones. `where` and `again` are as in
    `pending_files`; one matching file selects a group. Raises TaskError for an unknown field, or if
    the phase has no `group_key`.
    """
    statement = _Statement(job, where)
    names = statement.groups(again).subquery()
    query = statement.files(statement.group.in_(select(names.c.name)))
    query = query.order_by(statement.group, statement.table.c.source_blob_path)
    rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME})
    files = (RegisteredFile(*row) for row in rows)
    for name, members in groupby(files, key=lambda file: file.group):
        yield FileGroup(str(name), tuple(members))


def pending_scope(
    connection: Connection, job: Job, where: Mapping[str, Any] | None = None, *, again: bool = False
) -> Scope:
    """How many groups `pending_groups` would yield, and their pending files; for `scope`.

    Without a `group_key`, counts the files of `pending_files`, each as a group of one.
    """
    statement = _Statement(job, where)
    if job.phase.group_key:
        group: ColumnElement[Any] = statement.group
        chosen: ColumnElement[bool] = group.in_(select(statement.groups(again).subquery().c.name))
    else:
        group = statement.table.c.source_blob_path
        chosen = and_(statement.ready, statement.wanted)
    pending = true() if again else statement.pending
    counts = select(func.count(group.distinct()), func.count())
    return Scope(*connection.execute(counts.where(statement.here, chosen, pending)).one())


class _Statement:
    """The columns and conditions of a job's phase."""

    def __init__(self, job: Job, where: Mapping[str, Any] | None) -> None:
        self._job, phase = job, job.phase
        before = job.pipeline.phase_before(phase)
        self.table = source_files(job.pipeline)
        self.here = self.table.c.etl_type == job.pipeline.etl_type
        self.wanted = and_(true(), *self._filters(where))
        self.pending = self.table.c[phase.completed_field].is_(None)
        self.ready: ColumnElement[bool] = (
            self.table.c[before.completed_field].is_not(None) if before else true()
        )
        self._before = self.table.c[before.output_column] if before else cast(null(), Text)

    @property
    def group(self) -> ColumnElement[str]:
        """The group's column."""
        return group_column(self.table, self._job.phase)

    def files(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """One row per file, with the fields of RegisteredFile."""
        phase, columns = self._job.phase, self.table.c
        group = columns[phase.group_key] if phase.group_key else cast(null(), Text)
        metadata = func.coalesce(columns.source_metadata, func.jsonb_build_object())
        return select(
            columns.source_blob_path,
            columns.source_container,
            columns.file_size_bytes,
            metadata,
            group,
            self._before,
        ).where(self.here, *conditions)

    def groups(self, again: bool) -> Select[Any]:
        """The names of the groups to process."""
        chosen = self.wanted if again else and_(self.wanted, self.pending)
        query = select(self.group.label("name")).where(self.here, self.group.is_not(None))
        return query.group_by(self.group).having(func.bool_and(self.ready), func.bool_or(chosen))

    def _filters(self, where: Mapping[str, Any] | None) -> list[ColumnElement[bool]]:
        groupings = {grouping.field: grouping for grouping in self._job.pipeline.groupings}
        wanted = {field: value for field, value in (where or {}).items() if value not in (None, "")}
        for field in wanted.keys() - groupings.keys():
            expected = ", ".join(groupings) or "none"
            raise TaskError(
                f"'{field}' is no grouping of the pipeline; expected one of: {expected}"
            )
        return [
            grouping_value(self.table, groupings[field]) == str(value)
            for field, value in wanted.items()
        ]
