"""The jobs of a pipeline that are queued or processing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    select,
    text,
)
from sqlalchemy.sql.expression import FromClause

from database.tables import JOBS, TASKS
from pipelines.models import Pipeline
from queries.frames import REAL, TEXT, TIMESTAMP, WHOLE, WHOLE_OR_NONE, frame

ACTIVE = ("queued", "processing")
SHORTEST_RUN = 20.0

# What is read of a job, in this order.
COUNTED = (
    "job_id",
    "job_type",
    "status",
    "stage",
    "total_stages",
    "parameters",
    "created_at",
    "started_at",
    "tasks",
    "completed",
    "processing",
    "failed",
    "pending",
    "recent",
    "age",
)
COLUMNS = {
    "job_id": TEXT,
    "job_type": TEXT,
    "status": TEXT,
    "stage": WHOLE_OR_NONE,
    "total_stages": WHOLE_OR_NONE,
    "created_at": TIMESTAMP,
    "started_at": TIMESTAMP,
    "tasks": WHOLE,
    "completed": WHOLE,
    "processing": WHOLE,
    "failed": WHOLE,
    "pending": WHOLE,
    "place": TEXT,
    "limits": "object",
    "percent": REAL,
    "rate_per_minute": REAL,
    "rate_reason": TEXT,
    "eta_seconds": REAL,
}


def active_jobs(connection: Connection, pipeline: Pipeline) -> pd.DataFrame:
    """One row per queued or processing job of the pipeline, newest first: its tasks are counted.

    Columns: job_id, job_type, status, stage, total_stages, created_at, started_at (first task of
    any stage); tasks, completed, processing, failed, pending (tasks of the current stage; pending
    is all the rest); place (the job's values of the first grouping it has some for, else ""),
    limits (its values by grouping's field);
    percent (completed of tasks); rate_per_minute (tasks), NaN with rate_reason; eta_seconds.
    """
    return described(connection.execute(_counted(pipeline)).all(), pipeline)


def described(counted: Sequence[Any], pipeline: Pipeline) -> pd.DataFrame:
    """Active jobs as `active_jobs` gives them, from rows of COUNTED."""
    rows = [_described(dict(zip(COUNTED, row, strict=True)), pipeline) for row in counted]
    return frame([tuple(row[name] for name in COLUMNS) for row in rows], COLUMNS)


def _described(row: dict[str, Any], pipeline: Pipeline) -> dict[str, Any]:
    """A job with place, percent, rate and ETA."""
    rate, reason, eta = stage_rate(
        row["tasks"], row["completed"], row["failed"], row["recent"], row["age"]
    )
    limits = limits_of(pipeline, row["parameters"])
    return {
        **row,
        "place": ", ".join(next(iter(limits.values()), [])),
        "limits": limits,
        "percent": 100.0 * row["completed"] / row["tasks"] if row["tasks"] else 0.0,
        "rate_per_minute": rate,
        "rate_reason": reason,
        "eta_seconds": eta,
    }


def stage_rate(
    tasks: int, completed: int, failed: int, recent: int, age: float | None
) -> tuple[float, str, float]:
    """Tasks per minute, why there is no rate, and the seconds left (NaN for none).

    `recent` tasks were completed in the last `age` seconds: 10 minutes from the beginning of one,
    or the time since the stage's first task started, where that is shorter.
    """
    if recent == 0:
        return math.nan, "no task finished in the last 10 minutes", math.nan
    if age is None or math.isnan(age):
        return math.nan, "no task of the stage says when it started", math.nan
    if age < 0:
        return math.nan, "the stage's first task starts in the future", math.nan
    if age < SHORTEST_RUN:
        return math.nan, f"the stage started less than {SHORTEST_RUN:.0f} seconds ago", math.nan
    rate = recent * 60 / age
    return rate, "", (tasks - completed - failed) / rate * 60


def limits_of(pipeline: Pipeline, parameters: Mapping[str, Any] | None) -> dict[str, list[str]]:
    """The values that a job's parameters limit it to, by grouping: `{"region": ["rwa"]}`."""
    given = parameters if isinstance(parameters, dict) else {}
    limits = {}
    for grouping in pipeline.groupings:
        named = (given[name] for name in grouping.job_parameters if given.get(name))
        if value := next(named, None):
            values = value if isinstance(value, list) else [value]
            limits[grouping.field] = [str(one) for one in values]
    return limits


def narrow_jobs(jobs: pd.DataFrame, filters: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The jobs that may work on one of the wanted values of every filtered grouping."""
    wanted = {field: {v.casefold() for v in values} for field, values in filters.items() if values}
    keep = [
        all(
            field not in limits or wanted[field] & {value.casefold() for value in limits[field]}
            for field in wanted
        )
        for limits in jobs["limits"]
    ]
    return jobs[pd.Series(keep, index=jobs.index, dtype="bool")]


# Endings are kept by minute, so the last 10 minutes begin with one.
WINDOW_START = func.date_trunc("minute", func.now() - text("interval '10 minutes'"))


def stage_counts(tasks: FromClause) -> dict[str, ColumnElement[Any]]:
    """The measures of a stage's tasks: by status, recently completed, and in how many seconds."""
    status = cast(tasks.c.status, Text)
    timestamp = DateTime(timezone=True)
    ended = and_(
        status == "completed", cast(tasks.c.updated_at, timestamp).between(WINDOW_START, func.now())
    )
    started = cast(func.min(tasks.c.execution_started_at), timestamp)
    # Without a start there is no rate: greatest() would pass over it.
    age = case((started.isnot(None), func.now() - func.greatest(started, WINDOW_START)))
    return {
        "tasks": func.count(tasks.c.task_id),
        "completed": func.count(tasks.c.task_id).filter(status == "completed"),
        "processing": func.count(tasks.c.task_id).filter(status == "processing"),
        "failed": func.count(tasks.c.task_id).filter(status == "failed"),
        "pending": func.count(tasks.c.task_id).filter(
            func.coalesce(status, "").notin_(["completed", "processing", "failed"])
        ),
        "recent": func.count(tasks.c.task_id).filter(ended),
        "age": cast(extract("epoch", age), Float),
    }


def _counted(pipeline: Pipeline) -> Select[*tuple[Any, ...]]:
    of_any_stage = TASKS.alias("of_any_stage")
    first = (
        select(func.min(of_any_stage.c.execution_started_at))
        .where(of_any_stage.c.parent_job_id == JOBS.c.job_id)
        .scalar_subquery()
    )
    current = and_(TASKS.c.parent_job_id == JOBS.c.job_id, TASKS.c.stage == JOBS.c.stage)
    columns = (
        JOBS.c.job_id,
        JOBS.c.job_type,
        cast(JOBS.c.status, Text),
        JOBS.c.stage,
        func.coalesce(JOBS.c.total_stages, JOBS.c.stage),
        case((func.jsonb_typeof(JOBS.c.parameters) == "object", JOBS.c.parameters)),
        cast(JOBS.c.created_at, DateTime(timezone=True)),
        cast(first, DateTime(timezone=True)),
    )
    return (
        select(*columns, *stage_counts(TASKS).values())
        .select_from(JOBS.outerjoin(TASKS, current))
        .where(JOBS.c.job_type.in_(pipeline.job_types), JOBS.c.status.in_(ACTIVE))
        .group_by(*columns[:5], JOBS.c.parameters, JOBS.c.created_at)
        .order_by(JOBS.c.created_at.desc(), JOBS.c.job_id)
    )
