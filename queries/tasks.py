"""The tasks of a job."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, DateTime, Text, case, cast, func, select

from database.tables import TASKS
from queries.frames import MOMENT, REAL, TEXT, WHOLE, read_frame
from queries.stages import peak_memory
from queries.work import task_seconds

MOST = 1000
FINISHED = ("completed", "failed", "cancelled")

COLUMNS = {
    "task_id": TEXT,
    "stage": WHOLE,
    "task_index": TEXT,
    "task_type": TEXT,
    "status": TEXT,
    "seconds": REAL,
    "peak_memory_mb": REAL,
    "retry_count": WHOLE,
    "executed_by_app": TEXT,
    "error_details": TEXT,
    "started_at": MOMENT,
}


def tasks(connection: Connection, job_id: str) -> pd.DataFrame:
    """One row a task: the first 1,000, failed ones first, then processing, then by stage.

    Columns: task_id, stage, task_index, task_type, status, seconds (of a finished task, NaN
    otherwise), peak_memory_mb, retry_count, executed_by_app, error_details, started_at.
    """
    status = cast(TASKS.c.status, Text)
    order = case((status == "failed", 0), (status == "processing", 1), else_=2)
    query = (
        select(
            TASKS.c.task_id,
            TASKS.c.stage,
            TASKS.c.task_index,
            TASKS.c.task_type,
            status,
            case((status.in_(FINISHED), task_seconds())),
            peak_memory(TASKS),
            func.coalesce(TASKS.c.retry_count, 0),
            TASKS.c.executed_by_app,
            TASKS.c.error_details,
            cast(TASKS.c.execution_started_at, DateTime(timezone=True)),
        )
        .where(TASKS.c.parent_job_id == job_id)
        .order_by(order, TASKS.c.stage, func.length(TASKS.c.task_id), TASKS.c.task_id)
        .limit(MOST)
    )
    return read_frame(connection, query, COLUMNS)


def count_tasks(connection: Connection, job_id: str) -> int:
    """How many tasks a job has."""
    query = select(func.count()).select_from(TASKS).where(TASKS.c.parent_job_id == job_id)
    return int(connection.execute(query).scalar_one())
