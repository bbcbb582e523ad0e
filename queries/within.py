"""Groups that two regions share: a group's name is meant within the region of its task.

Which grouping that is, a pipeline's entry says (`group_parameter`). A task that names no region
speaks for every region that no other task of the group names.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, all_, and_, cast, func, null, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.expression import FromClause

from database.tables import JOBS, grouping_value, spelled_alike
from pipelines.models import Pipeline


def within_of_task(pipeline: Pipeline, tasks: FromClause) -> ColumnElement[str]:
    """Within what a task's group is meant, in lower case; NULL where task and job name nothing."""
    if pipeline.within is None or pipeline.within.group_parameter is None:
        return cast(null(), Text)
    path = tuple(pipeline.within.group_parameter.split("."))
    of_job = select(JOBS.c.parameters[path].astext).where(JOBS.c.job_id == tasks.c.parent_job_id)
    named = func.coalesce(tasks.c.parameters[path].astext, of_job.scalar_subquery())
    spelled: ColumnElement[str] = func.nullif(spelled_alike(named), "")
    return spelled


def within_of_file(pipeline: Pipeline, files: FromClause) -> ColumnElement[str] | None:
    """Within what a file's groups are meant: empty where the file has no value.

    None where no grouping tells groups apart.
    """
    if pipeline.within is None:
        return None
    return spelled_alike(grouping_value(files, pipeline.within))


def speaks_for(latest: FromClause, value: ColumnElement[str] | None) -> ColumnElement[bool]:
    """Whether the latest task of a group speaks for files within something.

    latest: within, others (all that the tasks of this group name, see `others`). None: no grouping
    tells groups apart.
    """
    if value is None:
        return true()
    named = func.coalesce(latest.c.others, cast(array([]), ARRAY(Text)))
    return or_(latest.c.within == value, and_(latest.c.within.is_(None), value != all_(named)))


def others(group: ColumnElement[str], within: ColumnElement[str]) -> ColumnElement[Any]:
    """All that the tasks of a row's group name, over rows of group and within."""
    named = func.array_agg(within).filter(within.is_not(None))
    return named.over(partition_by=group)
