"""All the groups of a phase in one state, to be written into a file."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, null, select

from pipelines.models import Pipeline
from queries.group_list import (
    TASK_COLUMNS,
    GroupQuery,
    columns,
    group_rows,
    latest_task_rows,
)

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
    latest = latest_task_rows(phase).subquery()
    return (
        select(*found.c, *(latest.c[name] for name in OF_TASK))
        .select_from(found.outerjoin(latest, found.c[0] == latest.c.group))
        .order_by(found.c[0])
    )
