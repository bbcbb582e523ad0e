"""All jobs of the database, a page at a time, and how to find one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import (
    Connection,
    DateTime,
    Text,
    and_,
    cast,
    false,
    func,
    or_,
    select,
)

from database.tables import JOBS, TASKS
from pipelines.registry import Registry
from pipelines.value_keys import MARK, value_key
from queries.frames import TEXT, TIMESTAMP, WHOLE, WHOLE_OR_NONE, read_frame
from queries.jobs import stage_counts
from queries.paging import FIRST, ListPage, Paging, contains, ordered, read_list_page

SHORTEST_PREFIX = 8
MOST_NAMED = 5

STATUS = func.coalesce(cast(JOBS.c.status, Text), "")
VALUES: dict[str, Any] = {
    "job_id": JOBS.c.job_id,
    "job_type": JOBS.c.job_type,
    "status": STATUS,
    "stage": JOBS.c.stage,
    "total_stages": func.coalesce(JOBS.c.total_stages, JOBS.c.stage),
    "created_at": cast(JOBS.c.created_at, DateTime(timezone=True)),
    "updated_at": cast(JOBS.c.updated_at, DateTime(timezone=True)),
    "error_details": JOBS.c.error_details,
}
COUNTS = ("tasks", "completed", "processing", "failed")
COLUMNS = {
    "job_id": TEXT,
    "job_type": TEXT,
    "status": TEXT,
    "stage": WHOLE_OR_NONE,
    "total_stages": WHOLE_OR_NONE,
    "created_at": TIMESTAMP,
    "updated_at": TIMESTAMP,
    "error_details": TEXT,
}


@dataclass(frozen=True)
class JobQuery:
    """Which jobs: of some types and statuses (none for all), with a text in their id, type,
    parameters or error; `pipeline_types` are the types of the wanted pipelines, none for all."""

    pipeline_types: tuple[str, ...] | None = None
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    text: str = ""
    paging: Paging = FIRST


def types_of(registry: Registry, names: Collection[str]) -> tuple[str, ...] | None:
    """The job types of the pipelines of these names, none for all; unknown names have none."""
    if not names:
        return None
    return tuple(one for name in names if name in registry for one in registry[name].job_types)


def jobs(connection: Connection, query: JobQuery) -> ListPage:
    """A page of jobs, newest first.

    Columns: job_id, job_type, status, stage, total_stages, created_at, updated_at, error_details;
    tasks, completed, processing, failed (tasks of the current stage), percent (completed of tasks).
    Raises ValueError for a sort that is none of the job's own columns.
    """
    query = _with_types(connection, query)
    own = (JOBS.c.created_at.desc(),)
    found = (
        select(*VALUES.values())
        .where(*_conditions(query))
        .order_by(*ordered(query.paging, VALUES, own, JOBS.c.job_id))
    )
    page = read_list_page(connection, found, COLUMNS, query.paging, text=query.text)
    counts = _stage_counts(connection, list(page.rows["job_id"]))
    rows = page.rows.merge(counts, how="left", on="job_id")
    rows = rows.fillna(dict.fromkeys(COUNTS, 0)).astype(dict.fromkeys(COUNTS, WHOLE))
    share = 100.0 * rows["completed"] / rows["tasks"].where(rows["tasks"] > 0)
    return replace(page, rows=rows.assign(percent=share.fillna(0.0)))


def _with_types(connection: Connection, query: JobQuery) -> JobQuery:
    """The query with the types that keys stand for (pipelines.value_keys)."""
    if not any(name.startswith(MARK) for name in query.types):
        return query
    every = connection.execute(select(JOBS.c.job_type).distinct()).scalars()
    meant = [name for name in every if name in query.types or value_key(name) in query.types]
    return replace(query, types=(*query.types, *meant))


def _stage_counts(connection: Connection, job_ids: list[str]) -> pd.DataFrame:
    """The tasks of the current stage of each of these jobs."""
    measures = stage_counts(TASKS)
    of_stage = and_(TASKS.c.parent_job_id == JOBS.c.job_id, TASKS.c.stage == JOBS.c.stage)
    query = (
        select(JOBS.c.job_id, *(measures[name] for name in COUNTS))
        .select_from(JOBS.join(TASKS, of_stage))
        .where(JOBS.c.job_id.in_(job_ids))
        .group_by(JOBS.c.job_id)
    )
    return read_frame(connection, query, {"job_id": TEXT, **dict.fromkeys(COUNTS, WHOLE)})


def _conditions(query: JobQuery) -> list[Any]:
    conditions: list[Any] = []
    if query.pipeline_types is not None:
        types = query.pipeline_types
        conditions.append(JOBS.c.job_type.in_(types) if types else false())
    if query.types:
        conditions.append(JOBS.c.job_type.in_(query.types))
    if query.statuses:
        conditions.append(STATUS.in_(query.statuses))
    if query.text:
        texts = (
            JOBS.c.job_id,
            JOBS.c.job_type,
            cast(JOBS.c.parameters, Text),
            JOBS.c.error_details,
        )
        conditions.append(or_(*(contains(one, query.text) for one in texts)))
    return conditions


def job_facets(connection: Connection) -> dict[str, dict[str, int]]:
    """The job types and statuses that occur, each with its number of jobs."""
    facets = {}
    for name, column in (("job_type", JOBS.c.job_type), ("status", STATUS)):
        counted = select(column, func.count()).group_by(column).order_by(column)
        facets[name] = {row[0]: row[1] for row in connection.execute(counted)}
    return facets


def find_job_ids(connection: Connection, beginning: str) -> tuple[str, ...] | None:
    """The jobs that an id, or a beginning of at least 8 characters, may mean: the first few.

    None when there is no such job.
    """
    whole = select(JOBS.c.job_id).where(JOBS.c.job_id == beginning)
    if found := tuple(connection.execute(whole).scalars()):
        return found
    if len(beginning) < SHORTEST_PREFIX:
        return None
    begins = JOBS.c.job_id.startswith(beginning, autoescape=True)
    query = select(JOBS.c.job_id).where(begins).order_by(JOBS.c.job_id).limit(MOST_NAMED)
    return tuple(connection.execute(query).scalars()) or None
