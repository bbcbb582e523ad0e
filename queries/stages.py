"""The stages of a job."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Numeric,
    Text,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.expression import FromClause

from database.tables import TASKS
from queries.frames import REAL, TEXT, WHOLE, read_frame
from queries.jobs import stage_counts, stage_rate
from queries.work import task_seconds

MOST_MEGABYTES = 10**9
SNAPSHOTS: ColumnElement[Any] = literal_column(
    "'$.memory_snapshots[*].keyvalue()"
    ' ? (@.key == "rss_mb" || @.key == "process_rss_mb").value'
    ' ? (@.type() == "number")\'::jsonpath'
)

COUNTED = {
    "stage": WHOLE,
    "task_type": TEXT,
    "tasks": WHOLE,
    "completed": WHOLE,
    "processing": WHOLE,
    "failed": WHOLE,
    "unfinished": WHOLE,
    "recent": WHOLE,
    "age": REAL,
    "pending": WHOLE,
    "queued": WHOLE,
    "average_seconds": REAL,
    "p95_seconds": REAL,
    "peak_memory_mb": REAL,
}
COLUMNS = {
    **{name: COUNTED[name] for name in ("stage", "task_type", "tasks", "pending", "queued")},
    "processing": WHOLE,
    "completed": WHOLE,
    "failed": WHOLE,
    "other": WHOLE,
    "percent": REAL,
    "rate_per_minute": REAL,
    "eta_seconds": REAL,
    "average_seconds": REAL,
    "p95_seconds": REAL,
    "peak_memory_mb": REAL,
}


def stages(connection: Connection, job_id: str, current: int) -> pd.DataFrame:
    """One row per stage that has tasks, in order.

    Columns: stage, task_type; tasks and how many are pending, queued, processing, completed,
    failed and other; percent (completed of tasks); rate_per_minute, eta_seconds (of the current
    stage, else NaN); average_seconds, p95_seconds (of completed tasks); peak_memory_mb.
    """
    status = cast(TASKS.c.status, Text)
    finished = status == "completed"
    p95 = func.percentile_cont(0.95).within_group(case((finished, task_seconds())))
    query = (
        select(
            TASKS.c.stage,
            func.string_agg(TASKS.c.task_type.distinct(), literal_column("', '")),
            *stage_counts(TASKS).values(),
            func.count().filter(status == "pending"),
            func.count().filter(status == "queued"),
            cast(func.avg(task_seconds()).filter(finished), Float),
            cast(p95, Float),
            func.max(peak_memory(TASKS)),
        )
        # A task of no stage stands in the list of tasks alone.
        .where(TASKS.c.parent_job_id == job_id, TASKS.c.stage.isnot(None))
        .group_by(TASKS.c.stage)
        .order_by(TASKS.c.stage)
    )
    return _with_rates(read_frame(connection, query, COUNTED), current)


def _with_rates(counted: pd.DataFrame, current: int) -> pd.DataFrame:
    rows = counted.to_dict("records")
    paces = [
        stage_rate(row["tasks"], row["completed"], row["failed"], row["recent"], row["age"])
        if row["stage"] == current
        else (None, "", None)
        for row in rows
    ]
    return counted.assign(
        other=counted["unfinished"] - counted["pending"] - counted["queued"],
        percent=[100.0 * row["completed"] / row["tasks"] for row in rows],
        rate_per_minute=[rate for rate, _, _ in paces],
        eta_seconds=[eta for _, _, eta in paces],
    )[list(COLUMNS)].astype(COLUMNS)


def peak_memory(tasks: FromClause) -> ColumnElement[float]:
    """A task's peak memory in MB: as it says, else the largest of its snapshots."""
    # `metadata` is free text to us: only numbers are taken for numbers, the rest is passed over.
    peak = tasks.c.metadata["peak_memory_mb"]
    stated = case((func.jsonb_typeof(peak) == "number", _real(peak, MOST_MEGABYTES)))
    snapshot = func.jsonb_path_query(
        tasks.c.metadata, SNAPSHOTS, literal_column("'{}'::jsonb"), true()
    ).column_valued("snapshot")
    largest = select(func.max(_real(snapshot, MOST_MEGABYTES))).scalar_subquery()
    return func.coalesce(stated, largest)


def progress_percent(tasks: FromClause) -> ColumnElement[float]:
    """How far a task is that says so, 0 to 100; NULL where it does not."""
    percent = tasks.c.metadata["progress"]["percent"]
    return case((func.jsonb_typeof(percent) == "number", _real(percent, 100)))


def _real(number: ColumnElement[Any], most: float) -> ColumnElement[float]:
    """A JSON number; NULL for one that is negative or more than there can be."""
    exact = cast(cast(number, Text), Numeric)
    return case((exact.between(0, most), cast(exact, Float)))
