"""The groups of a phase in one state, a page at a time: what stands behind a card's number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.expression import FromClause

from database.tables import TASKS, grouping_value, source_files
from pipelines.models import Grouping, Phase, Pipeline
from queries.cube import dimension, stored_in, sum_of_sizes
from queries.frames import TEXT, TIMESTAMP, WHOLE, WHOLE_OR_NONE, read_frame
from queries.paging import FIRST, ListPage, Paging, contains, ordered, read_list_page
from queries.within import speaks_for, within_of_file, within_of_task
from queries.work import task_group, unfinished_groups

AT_WORK = ("processing", "failed")
STATES = ("pending", "eligible", *AT_WORK, "completed")
SEVERAL = "several"
# A group may have hundreds of files, all of which are read to count it.
MOST_COUNTED = 1_000

TASK_COLUMNS = {
    "group": TEXT,
    "task_id": TEXT,
    "job_id": TEXT,
    "status": TEXT,
    "error_details": TEXT,
    "ended_at": TIMESTAMP,
    "retry_count": WHOLE_OR_NONE,
}


@dataclass(frozen=True)
class GroupQuery:
    """Which groups: of a phase in a state, with a text in their name (or in the error of failed
    ones). `stored` are the wanted values of each filtered grouping (snapshot.stored_values)."""

    pipeline_id: str
    phase_id: str
    state: str
    stored: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
    text: str = ""
    paging: Paging = FIRST


def groups(connection: Connection, pipeline: Pipeline, query: GroupQuery) -> ListPage:
    """A page of groups, by name. A file without a group is one of its own, named by its path.

    Columns: group; files, bytes (of the files in that state); for each grouping `by:{field}` (NaN
    where the files have none, "several" where they differ); and of the group's latest task:
    task_id, job_id, status, error_details, ended_at, retry_count. Raises ValueError for a sort
    that is not known.
    """
    phase = next(one for one in pipeline.phases if one.id == query.phase_id)
    rows = group_rows(pipeline, phase, query)
    page = read_list_page(
        connection, rows, columns(pipeline), query.paging, MOST_COUNTED, query.text
    )
    latest = latest_tasks(connection, pipeline, phase, list(page.rows["group"]))
    return replace(page, rows=_with_tasks(pipeline, page.rows, latest))


def _with_tasks(pipeline: Pipeline, rows: pd.DataFrame, latest: pd.DataFrame) -> pd.DataFrame:
    """The groups, each with the task that speaks for its files (queries/within.py)."""
    if pipeline.within is None:
        return rows.merge(latest.drop(columns="within"), how="left", on="group")
    values = rows[dimension(pipeline.within.field)]
    keyed = rows.assign(within=values.str.strip().str.lower().fillna(""))
    named, unnamed = latest.dropna(subset="within"), latest[latest["within"].isna()]
    found = keyed.merge(named, how="left", on=["group", "within"])
    rest = keyed.merge(unnamed.drop(columns="within"), how="left", on="group")
    return found.where(found["task_id"].notna(), rest[found.columns]).drop(columns="within")


SORTS = ("group", "files", "bytes")


def columns(pipeline: Pipeline) -> dict[str, str]:
    """The columns of a group's files and their dtypes."""
    values = dict.fromkeys(map(dimension, pipeline.dimensions), TEXT)
    return {"group": TEXT, "files": WHOLE, "bytes": WHOLE, **values}


def group_rows(pipeline: Pipeline, phase: Phase, query: GroupQuery) -> Select[*tuple[Any, ...]]:
    """The statement of all the groups that are asked for, in order."""
    files = source_files(pipeline)
    path = files.c.source_blob_path
    key = files.c[phase.group_key] if phase.group_key else path
    # Files without a group stand alone; the others keep the order of the index on their key.
    alone = case((key.is_(None), path))
    within = within_of_file(pipeline, files)
    apart = [] if within is None else [within]
    found = select(
        func.coalesce(key, alone),
        func.count(),
        sum_of_sizes(files.c.file_size_bytes),
        *(_grouping_value(pipeline, files, grouping) for grouping in pipeline.groupings),
    ).where(files.c.etl_type == pipeline.etl_type, *stored_in(pipeline, files, query.stored))
    found = _in_state(found, pipeline, phase, files, query)
    orders = {"group": key, "files": func.count(), "bytes": func.sum(files.c.file_size_bytes)}
    order = ordered(query.paging, orders, (key,), alone)
    return found.group_by(key, alone, *apart).order_by(*order, *apart)


def _grouping_value(
    pipeline: Pipeline, files: FromClause, grouping: Grouping
) -> ColumnElement[Any]:
    """A group's value of a grouping; of what tells groups apart, one of its spellings."""
    value = grouping_value(files, grouping)
    return func.min(value) if grouping is pipeline.within else _agreed(value)


def _agreed(value: ColumnElement[str]) -> ColumnElement[Any]:
    """The value that all files of a group have, or that they have several."""
    same = func.count(value).in_([0, func.count()]) & (
        func.min(value).is_not_distinct_from(func.max(value))
    )
    return case((same, func.min(value)), else_=SEVERAL)


def _in_state(
    found: Select[*tuple[Any, ...]],
    pipeline: Pipeline,
    phase: Phase,
    files: FromClause,
    query: GroupQuery,
) -> Select[*tuple[Any, ...]]:
    done = files.c[phase.completed_field]
    found = found.where(done.isnot(None) if query.state == "completed" else done.is_(None))
    before = pipeline.phases[pipeline.phases.index(phase) - 1] if _later(pipeline, phase) else None
    if query.state == "eligible" and before is not None:
        found = found.where(files.c[before.completed_field].isnot(None))
    key = files.c[phase.group_key] if phase.group_key else files.c.source_blob_path
    names = [contains(func.coalesce(key, files.c.source_blob_path), query.text)]
    if query.state in AT_WORK:
        wanted = unfinished_groups(pipeline, phase).cte("wanted")
        speaks = speaks_for(wanted, within_of_file(pipeline, files))
        of_group = and_(key == wanted.c.grp, speaks)
        found = found.join(wanted, of_group).where(wanted.c.status == query.state)
        names.append(key.in_(_groups_with_error(phase, query.text)))
    return found.where(or_(*names)) if query.text else found


def _later(pipeline: Pipeline, phase: Phase) -> bool:
    return pipeline.phases.index(phase) > 0


def _groups_with_error(phase: Phase, text: str) -> Select[*tuple[Any, ...]]:
    return select(task_group(TASKS, phase)).where(
        TASKS.c.task_type == phase.task_type,
        TASKS.c.status == "failed",
        contains(TASKS.c.error_details, text),
    )


def latest_tasks(
    connection: Connection, pipeline: Pipeline, phase: Phase, names: list[str]
) -> pd.DataFrame:
    """One row per group that has a task: the task that works on it now, else its latest.

    Columns: group, task_id, job_id, status, error_details, ended_at (none while it works),
    retry_count, within (NaN where the task names nothing).
    """
    kinds = {**TASK_COLUMNS, "within": TEXT}
    if not phase.has_tasks or not names:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    query = latest_task_rows(pipeline, phase).where(task_group(TASKS, phase).in_(names))
    return read_frame(connection, query, kinds)


def latest_task_rows(pipeline: Pipeline, phase: Phase) -> Select[*tuple[Any, ...]]:
    """The statement of the latest tasks of all groups of a phase that has tasks."""
    within = within_of_task(pipeline, TASKS).label("within")
    group, status = task_group(TASKS, phase), cast(TASKS.c.status, Text)
    ended = cast(TASKS.c.updated_at, DateTime(timezone=True))
    values = (
        group,
        TASKS.c.task_id,
        TASKS.c.parent_job_id,
        status,
        TASKS.c.error_details,
        case((status.in_(["completed", "failed", "cancelled"]), ended)),
        TASKS.c.retry_count,
    )
    return (
        select(
            *(value.label(name) for name, value in zip(TASK_COLUMNS, values, strict=True)), within
        )
        .ext(distinct_on(group, within))
        .where(TASKS.c.task_type == phase.task_type)
        .order_by(
            group,
            within,
            (status == "processing").desc(),
            TASKS.c.created_at.desc(),
            TASKS.c.task_id.desc(),
        )
    )
