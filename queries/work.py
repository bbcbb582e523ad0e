"""What the tasks of a pipeline's phases say about its files."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Select,
    Text,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.sql.expression import FromClause

from database.tables import TASKS, grouping_value, source_files
from pipelines.models import Phase, Pipeline
from queries.cube import EARLIEST, LATEST, dimension
from queries.frames import REAL, TEXT, WHOLE, read_frame
from queries.within import others, speaks_for, within_of_file, within_of_task

DAY = text("interval '24 hours'")


def work(connection: Connection, pipeline: Pipeline) -> pd.DataFrame:
    """One row per phase with tasks and combination of grouping values.

    Columns: phase; `by:{field}` a grouping; processing, failed (files not completed whose group is
    being worked on, or whose latest task failed); done (completed tasks of the last 24 hours of
    activity), seconds (their durations' sum).
    """
    dtypes = {
        "phase": TEXT,
        **dict.fromkeys(map(dimension, pipeline.dimensions), TEXT),
        "processing": WHOLE,
        "failed": WHOLE,
        "done": WHOLE,
        "seconds": REAL,
    }
    queries = [
        query
        for phase in pipeline.phases
        if phase.has_tasks
        for query in (_files_at_work(pipeline, phase), _durations(pipeline, phase))
    ]
    frames = [read_frame(connection, query, dtypes) for query in queries]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in dtypes.items()})
    return pd.concat(frames, ignore_index=True)


def task_seconds(tasks: FromClause = TASKS) -> ColumnElement[float]:
    """A finished task's duration: from `execution_started_at` to `updated_at`, in seconds.

    Between instants: naive times are in the server's zone, whose clocks may have changed meanwhile.
    NULL where one of the two is not known, or it would have ended before it began.
    """
    began, ended = (_instant(tasks.c[name]) for name in ("execution_started_at", "updated_at"))
    return case((_is_timed(tasks), cast(extract("epoch", ended - began), Float)))


def _instant(timestamp: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((timestamp.between(EARLIEST, LATEST), cast(timestamp, DateTime(timezone=True))))


def _is_timed(tasks: FromClause) -> ColumnElement[bool]:
    return _instant(tasks.c.updated_at) >= _instant(tasks.c.execution_started_at)


def task_group(tasks: FromClause, phase: Phase) -> ColumnElement[str]:
    """The name of the group that a task of the phase works on."""
    assert phase.task_group is not None
    group: ColumnElement[str] = tasks.c.parameters[tuple(phase.task_group.split("."))].astext
    return group


def unfinished_groups(pipeline: Pipeline, phase: Phase) -> Select[*tuple[Any, ...]]:
    """One row per group that is processing, or whose latest task failed: grp, status, within,
    others.

    The last two say of which files (queries/within.py).
    """
    # Only `failed` and `processing` are named: these two every deployment's enum has.
    group = task_group(TASKS, phase)
    wanted = (
        select(group.label("grp"))
        .where(TASKS.c.task_type == phase.task_type, TASKS.c.status.in_(["failed", "processing"]))
        .distinct()
        .cte("open_groups")
    )
    # One pass over the tasks for all of these groups: asking for each whether it was tried again
    # takes minutes at 2,000 failed groups.
    task = TASKS.alias("task")
    status, within = cast(task.c.status, Text), within_of_task(pipeline, task).label("within")
    newest = (
        select(wanted.c.grp, within, status.label("status"))
        .ext(distinct_on(wanted.c.grp, within))
        .select_from(task.join(wanted, task_group(task, phase) == wanted.c.grp))
        .where(task.c.task_type == phase.task_type)
        .order_by(
            wanted.c.grp,
            within,
            (status == "processing").desc(),
            task.c.created_at.desc().nulls_last(),
            task.c.task_id.desc(),
        )
        .cte("newest")
    )
    # Also those that are done: they speak for their files.
    every = select(newest, others(newest.c.grp, newest.c.within).label("others")).cte("every")
    return select(every).where(every.c.status.in_(["failed", "processing"]))


def _nearest(pipeline: Pipeline, files: FromClause, done: FromClause) -> list[ColumnElement[Any]]:
    within = within_of_file(pipeline, files)
    return [] if within is None else [(within == func.coalesce(done.c.within, "")).desc()]


def _files_at_work(pipeline: Pipeline, phase: Phase) -> Select[*tuple[Any, ...]]:
    files = source_files(pipeline)
    groups = unfinished_groups(pipeline, phase).cte("groups")
    speaks = speaks_for(groups, within_of_file(pipeline, files))
    of_group = and_(files.c[phase.group_key or ""] == groups.c.grp, speaks)
    dimensions = [grouping_value(files, grouping) for grouping in pipeline.groupings]
    return (
        select(
            literal(phase.id),
            *dimensions,
            func.count().filter(groups.c.status == "processing"),
            func.count().filter(groups.c.status == "failed"),
            literal(0),
            literal(0.0),
        )
        .select_from(files.join(groups, of_group))
        .where(files.c.etl_type == pipeline.etl_type, files.c[phase.completed_field].is_(None))
        .group_by(*dimensions)
    )


def _durations(pipeline: Pipeline, phase: Phase) -> Select[*tuple[Any, ...]]:
    completed = (TASKS.c.task_type == phase.task_type, TASKS.c.status == "completed")
    # By the hour in which they ended, as they are kept.
    hour = case((_is_timed(TASKS), func.date_trunc("hour", TASKS.c.updated_at)))
    last = select(func.max(hour)).where(*completed).scalar_subquery()
    done = (
        select(
            task_group(TASKS, phase).label("grp"),
            within_of_task(pipeline, TASKS).label("within"),
            task_seconds().label("seconds"),
        )
        .where(
            *completed,
            hour > last - DAY,
        )
        .cte("done")
    )
    files = source_files(pipeline)
    # One file tells its group's values, one of the task's region where it names one; a task whose
    # files are gone still counts for the average.
    one_file = (
        select(
            *(
                grouping_value(files, grouping).label(f"d{i}")
                for i, grouping in enumerate(pipeline.groupings)
            ),
            files.c.id,
        )
        .where(files.c.etl_type == pipeline.etl_type, files.c[phase.group_key or ""] == done.c.grp)
        # Not by the primary key's index, which would be read from its beginning.
        .order_by(*_nearest(pipeline, files, done), files.c.id + 0)
        .limit(1)
        .lateral("one_file")
    )
    dimensions = [one_file.c[f"d{i}"] for i in range(len(pipeline.groupings))]
    return (
        select(
            literal(phase.id),
            *dimensions,
            literal(0),
            literal(0),
            func.count(),
            func.coalesce(func.sum(done.c.seconds), 0.0),
        )
        .select_from(done.outerjoin(one_file, true()))
        .group_by(*dimensions)
    )
