"""One job: its row and its stages, from one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, DateTime, Text, cast, func, select

from database.tables import JOBS
from queries.changes import Change, changes_of
from queries.frames import timestamp
from queries.stages import stages


@dataclass(frozen=True)
class JobRow:
    """A row of `app.jobs`; times with their offset."""

    job_id: str
    job_type: str
    status: str
    stage: int | None
    total_stages: int | None
    parameters: dict[str, Any]
    metadata: dict[str, Any]
    result_data: Any
    error_details: str | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class JobReport:
    """A job with its stages (queries/stages.py) and its changes by people, the newest first."""

    job: JobRow
    stages: pd.DataFrame
    as_of: datetime
    changes: tuple[Change, ...] = ()

    @property
    def stage_count(self) -> int:
        """How many stages the job has, or has tasks of."""
        last = int(self.stages["stage"].max()) if len(self.stages) else 1
        return max(self.job.total_stages or 1, last, 1)


def read_report(connection: Connection, job_id: str) -> JobReport | None:
    """A job's report, or none when there is no such job."""
    job = read_job(connection, job_id)
    if job is None:
        return None
    return JobReport(
        job,
        stages(connection, job_id, -1 if job.stage is None else job.stage),
        timestamp(connection),
        changes_of(connection, job_id, job.metadata),
    )


def read_job(connection: Connection, job_id: str) -> JobRow | None:
    """A job's row, or none."""
    query = select(
        JOBS.c.job_id,
        JOBS.c.job_type,
        func.coalesce(cast(JOBS.c.status, Text), ""),
        JOBS.c.stage,
        func.coalesce(JOBS.c.total_stages, JOBS.c.stage),
        JOBS.c.parameters,
        JOBS.c.metadata,
        JOBS.c.result_data,
        JOBS.c.error_details,
        cast(JOBS.c.created_at, DateTime(timezone=True)),
        cast(JOBS.c.updated_at, DateTime(timezone=True)),
    ).where(JOBS.c.job_id == job_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    values = list(row)
    values[5:7] = [value if isinstance(value, dict) else {} for value in values[5:7]]
    return JobRow(*values)
