"""The jobs of a pipeline that are queued or processing."""

from __future__ import annotations

import math
from collections.abc import Mapping
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
from queries.frames import MOMENT, REAL, TEXT, WHOLE, read_frame

ACTIVE = ("queued", "processing")
WINDOW = 600.0
SHORTEST_RUN = 20.0

COUNTED = {
    "job_id": TEXT,
    "job_type": TEXT,
    "status": TEXT,
    "stage": WHOLE,
    "total_stages": WHOLE,
    "parameters": "object",
    "created_at": MOMENT,
    "started_at": MOMENT,
    "tasks": WHOLE,
    "completed": WHOLE,
    "processing": WHOLE,
    "failed": WHOLE,
    "pending": WHOLE,
    "recent": WHOLE,
    "age": REAL,
}
COLUMNS = {
    **{
        name: dtype
        for name, dtype in COUNTED.items()
        if name not in ("parameters", "recent", "age")
    },
    "place": TEXT,
    "percent": REAL,
    "rate_per_minute": REAL,
    "rate_reason": TEXT,
    "eta_seconds": REAL,
}


def active_jobs(connection: Connection, pipeline: Pipeline) -> pd.DataFrame:
    """One row a queued or processing job of the pipeline, newest first.

    Columns: job_id, job_type, status, stage, total_stages, created_at, started_at (first task of
    any stage); tasks, completed, processing, failed, pending (tasks of the current stage; pending
    is all the rest); place (the job's value of the first grouping it has one for, else "");
    percent (completed of tasks); rate_per_minute (tasks), NaN with rate_reason; eta_seconds.
    """
    jobs = read_frame(connection, _counted(pipeline), COUNTED)
    return describe(jobs, pipeline)[list(COLUMNS)].astype(COLUMNS)


def describe(jobs: pd.DataFrame, pipeline: Pipeline) -> pd.DataFrame:
    """The counted jobs with place, percent, rate and ETA."""
    paces = [
        pace(row.tasks, row.completed, row.failed, row.recent, row.age) for row in jobs.itertuples()
    ]
    return jobs.assign(
        place=[place(pipeline, parameters) for parameters in jobs["parameters"]],
        percent=[
            100.0 * row.completed / row.tasks if row.tasks else 0.0 for row in jobs.itertuples()
        ],
        rate_per_minute=[rate for rate, _, _ in paces],
        rate_reason=[reason for _, reason, _ in paces],
        eta_seconds=[eta for _, _, eta in paces],
    )


def pace(
    tasks: int, completed: int, failed: int, recent: int, age: float
) -> tuple[float, str, float]:
    """Tasks a minute, why there is no rate, and the seconds left (NaN for none).

    `recent` tasks were completed in the last 10 minutes, or in the `age` seconds since the stage's
    first task started, where that is shorter.
    """
    if recent == 0:
        return math.nan, "no task finished in the last 10 minutes", math.nan
    if not age >= SHORTEST_RUN:
        return math.nan, f"the stage started less than {SHORTEST_RUN:.0f} seconds ago", math.nan
    rate = recent * 60 / min(age, WINDOW)
    return rate, "", (tasks - completed - failed) / rate * 60


def place(pipeline: Pipeline, parameters: Mapping[str, Any] | None) -> str:
    """The first grouping value that a job's parameters name, e.g. its region."""
    given = parameters if isinstance(parameters, dict) else {}
    names = (name for grouping in pipeline.groupings for name in grouping.job_parameters)
    return next((str(given[name]) for name in names if given.get(name)), "")


def stage_counts(tasks: FromClause) -> dict[str, ColumnElement[Any]]:
    """The measures of a stage's tasks: by status, completed in the last 10 minutes, age."""
    status = cast(tasks.c.status, Text)
    ended = and_(
        status == "completed", tasks.c.updated_at > func.now() - text("interval '10 minutes'")
    )
    age = func.now() - cast(func.min(tasks.c.execution_started_at), DateTime(timezone=True))
    return {
        "tasks": func.count(tasks.c.task_id),
        "completed": func.count(tasks.c.task_id).filter(status == "completed"),
        "processing": func.count(tasks.c.task_id).filter(status == "processing"),
        "failed": func.count(tasks.c.task_id).filter(status == "failed"),
        "pending": func.count(tasks.c.task_id).filter(
            status.notin_(["completed", "processing", "failed"])
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
