"""What waits for a runner, and the jobs by status: for a monitoring system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Text, cast, func, select

from database.tables import JOBS, TASKS

# Tasks are counted up to here: a stage may have a million, and a monitor asks every few seconds.
MOST_TASKS = 100_000
WAITING = ("pending", "queued")
QUEUED = "queued"


@dataclass(frozen=True)
class Queue:
    """jobs: how many of each status, of any job type; waiting: queued jobs that the runner may
    claim; tasks: those jobs' and the running ones' tasks that wait in the current stage, counted
    to MOST_TASKS."""

    jobs: Mapping[str, int]
    waiting: int
    tasks: int


def queue(connection: Connection, executor: str) -> Queue:
    """What there is at this moment; `executor` is the mark of the runner's jobs."""
    status = func.coalesce(cast(JOBS.c.status, Text), "")
    jobs = connection.execute(select(status, func.count()).group_by(status)).all()
    own = JOBS.c.metadata.op("->>")("executor") == executor
    active = own & JOBS.c.status.in_((QUEUED, "processing"))
    queued = select(func.count()).select_from(JOBS).where(own & (JOBS.c.status == QUEUED))
    of_stage = (TASKS.c.parent_job_id == JOBS.c.job_id) & (TASKS.c.stage == JOBS.c.stage)
    tasks = (
        select(TASKS.c.task_id)
        .select_from(JOBS.join(TASKS, of_stage))
        .where(active & TASKS.c.status.in_(WAITING))
        .limit(MOST_TASKS)
        .subquery()
    )
    return Queue(
        {row[0]: row[1] for row in jobs},
        connection.execute(queued).scalar_one(),
        connection.execute(select(func.count()).select_from(tasks)).scalar_one(),
    )
