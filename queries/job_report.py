"""One job: its row, its stages and its tasks, from one moment."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

import pandas as pd
from sqlalchemy import Connection, DateTime, Engine, Text, cast, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from database.engine import explain
from database.tables import JOBS
from queries.frames import moment, reading
from queries.stages import stages
from queries.tasks import count_tasks, tasks


@dataclass(frozen=True)
class JobRow:
    """A row of `app.jobs`; times with their offset."""

    job_id: str
    job_type: str
    status: str
    stage: int
    total_stages: int
    parameters: dict[str, Any]
    metadata: dict[str, Any]
    result_data: Any
    error_details: str | None
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class JobReport:
    """A job with its stages (queries/stages.py) and first tasks (queries/tasks.py)."""

    job: JobRow
    stages: pd.DataFrame
    tasks: pd.DataFrame
    tasks_total: int
    as_of: datetime
    version: str

    @property
    def stage_count(self) -> int:
        """How many stages the job has, or has tasks of."""
        return max(
            self.job.total_stages, int(self.stages["stage"].max()) if len(self.stages) else 1
        )


@dataclass(frozen=True)
class JobReading:
    """The last good report of a job, and what is wrong with the database now, if anything.

    `found` is false when the database says that there is no such job.
    """

    report: JobReport | None = None
    error: str | None = None
    found: bool = True
    taken: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since the report was taken, by this process's clock."""
        return time.monotonic() - self.taken


def take_report(engine: Engine, job_id: str, timeout: float) -> JobReport | None:
    """Reads a job's report, or none when there is no such job."""
    with reading(engine, timeout) as connection:
        job = read_job(connection, job_id)
        if job is None:
            return None
        as_of = moment(connection)
        of_stages, of_tasks = stages(connection, job_id, job.stage), tasks(connection, job_id)
        total = count_tasks(connection, job_id)
    return JobReport(job, of_stages, of_tasks, total, as_of, _version(job, of_stages, of_tasks))


def read_job(connection: Connection, job_id: str) -> JobRow | None:
    """A job's row, or none."""
    query = select(
        JOBS.c.job_id,
        JOBS.c.job_type,
        cast(JOBS.c.status, Text),
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


def _version(job: JobRow, *frames: pd.DataFrame) -> str:
    digest = blake2b(repr(job).encode(), digest_size=12)
    for frame in frames:
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


class JobReports:
    """Reports of the jobs that are being watched: each read at most once an interval."""

    LARGEST = 200

    def __init__(self, take: Callable[[str], JobReport | None], interval: float) -> None:
        self._take = take
        self._interval = interval
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def latest(self, job_id: str) -> JobReading:
        """The job's report, at most an interval old; the last one while the database is away."""
        entry = self._entry(job_id)
        with entry.lock:
            if time.monotonic() - entry.read_at >= self._interval:
                entry.reading = self._attempt(job_id, entry.reading)
                entry.read_at = time.monotonic()
            return entry.reading

    def _entry(self, job_id: str) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(job_id, _Entry())
            self._entries.move_to_end(job_id)
            while len(self._entries) > self.LARGEST:
                self._entries.popitem(last=False)
            return entry

    def _attempt(self, job_id: str, last: JobReading) -> JobReading:
        try:
            report = self._take(job_id)
        except (DBAPIError, PoolTimeoutError) as error:
            return JobReading(last.report, explain(error), taken=last.taken)
        if report is None:
            return JobReading(found=False)
        return JobReading(report)


class _Entry:
    """A watched job's latest reading."""

    def __init__(self) -> None:
        self.reading = JobReading()
        self.read_at = -math.inf
        self.lock = threading.Lock()
