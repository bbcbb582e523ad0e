"""The finished tasks of a job as points in time, to be drawn."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, DateTime, Text, cast, select

from database.tables import TASKS
from queries.frames import REAL, TEXT, TIMESTAMP, WHOLE, read_frame
from queries.stages import peak_memory
from queries.work import task_seconds

# More can't be told apart on a screen, and make the page heavy.
MOST = 2000
ENDED = ("completed", "failed")

COLUMNS = {
    "stage": WHOLE,
    "task_type": TEXT,
    "status": TEXT,
    "ended_at": TIMESTAMP,
    "seconds": REAL,
    "peak_memory_mb": REAL,
}


def task_points(connection: Connection, job_id: str) -> pd.DataFrame:
    """One row per finished task, the latest 2,000, oldest first.

    Columns: stage, task_type, status, ended_at, seconds (its duration), peak_memory_mb (NaN where
    the task did not say).
    """
    status = cast(TASKS.c.status, Text)
    ended = cast(TASKS.c.updated_at, DateTime(timezone=True))
    query = (
        select(TASKS.c.stage, TASKS.c.task_type, status, ended, task_seconds(), peak_memory(TASKS))
        .where(
            TASKS.c.parent_job_id == job_id,
            status.in_(ENDED),
            TASKS.c.execution_started_at.isnot(None),
        )
        .order_by(TASKS.c.updated_at.desc(), TASKS.c.task_id.desc())
        .limit(MOST)
    )
    return read_frame(connection, query, COLUMNS).iloc[::-1].reset_index(drop=True)
