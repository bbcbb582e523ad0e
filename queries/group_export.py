"""All the groups of a phase in one state, to be written into a file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, null, select
from sqlalchemy.sql.expression import FromClause

from database.tables import spelled_alike
from pipelines.models import Pipeline
from queries.cube import dimension
from queries.group_list import (
    TASK_COLUMNS,
    GroupQuery,
    columns,
    group_rows,
    latest_task_rows,
)
from queries.within import others, speaks_for

OF_TASK = list(TASK_COLUMNS)[1:]


def export_columns(pipeline: Pipeline) -> dict[str, str]:
    """The columns of an export and their dtypes: those of the list (queries/group_list.py)."""
    return {**columns(pipeline), **{name: TASK_COLUMNS[name] for name in OF_TASK}}


def export_rows(pipeline: Pipeline, query: GroupQuery) -> Select[*tuple[Any, ...]]:
    """The statement of all the groups with their latest tasks, by name."""
    phase = next(one for one in pipeline.phases if one.id == query.phase_id)
    found = group_rows(pipeline, phase, query).order_by(None).subquery()
    if not phase.has_tasks:
        return select(*found.c, *(null() for _ in OF_TASK)).order_by(found.c[0])
    # One pass over the tasks for all groups: their parameters have no index.
    newest = latest_task_rows(pipeline, phase).subquery()
    named = others(newest.c.group, newest.c.within).label("others")
    latest = select(newest, named).subquery()
    own = and_(found.c[0] == latest.c.group, speaks_for(latest, _within(pipeline, found)))
    return (
        select(*found.c, *(latest.c[name] for name in OF_TASK))
        .select_from(found.outerjoin(latest, own))
        .order_by(found.c[0])
    )


def _within(pipeline: Pipeline, found: FromClause) -> ColumnElement[str] | None:
    if pipeline.within is None:
        return None
    place = list(columns(pipeline)).index(dimension(pipeline.within.field))
    return spelled_alike(found.c[place])
