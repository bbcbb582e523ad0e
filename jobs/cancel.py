"""Cancels a job: waiting tasks don't start, completed tasks are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from jobs.job_rows import MARKS_OF_CLAIM
from jobs.rerun import find_ended_job
from pipelines.errors import MonitorError

ACTIVE = ("queued", "processing")
CANCELLED = "cancelled"


class CancelError(MonitorError):
    """A job can't be cancelled; the message says why. Nothing was changed."""


@dataclass(frozen=True)
class Cancellation:
    """A cancelled job: its new status, how many of its tasks are done, and how many it has."""

    job_id: str
    status: str
    done: int
    tasks: int


def cancel_job(connection: Connection, job_id: str) -> Cancellation:
    """Ends a queued or running job and its unfinished tasks. Repeating it changes nothing.

    Its runner's lease ends too: the runner's writes are rejected from now on, and it stops the
    workers when it notices. If the database's status type has no `cancelled`, the job becomes
    `failed` with that reason. Raises NoSuchJob, and CancelError if the job belongs to the platform
    or has ended.
    """
    job = find_ended_job(connection, job_id, lock=True)
    if not job.ours:
        raise CancelError(f"Job {job_id[:8]} is the platform's: only the platform can cancel it")
    if job.status in ACTIVE:
        _cancel(connection, job_id)
    elif not connection.execute(WAS_CANCELLED, {"job": job_id}).scalar_one():
        raise CancelError(
            f"Job {job_id[:8]} is {job.status}; only a job that waits or is at work is cancelled"
        )
    return Cancellation(job_id, *connection.execute(OUTCOME, {"job": job_id}).one())


def _cancel(connection: Connection, job_id: str) -> None:
    ended = {
        "job": job_id,
        "marks": MARKS_OF_CLAIM,
        "task_status": _status(connection, "tasks"),
        "job_status": _status(connection, "jobs"),
    }
    connection.execute(CANCEL_TASKS, ended)
    connection.execute(CANCEL_JOB, ended)


def _status(connection: Connection, table: str) -> str:
    has_cancelled = connection.execute(KNOWS_CANCELLED, {"table": table}).scalar_one()
    return CANCELLED if has_cancelled else "failed"


# A status column that is not an enum accepts any value.
KNOWS_CANCELLED = text(
    """
    SELECT COALESCE(bool_or(enumlabel = 'cancelled'), true)
    FROM pg_attribute LEFT JOIN pg_enum ON enumtypid = atttypid
    WHERE attrelid = to_regclass('app.' || :table) AND attname = 'status'
    """
)

CANCEL_TASKS = text(
    """
    UPDATE app.tasks
    SET status = :task_status, error_details = 'The job was cancelled', updated_at = NOW()
    WHERE parent_job_id = :job
      AND COALESCE(CAST(status AS text), '') NOT IN ('completed', 'failed', 'cancelled')
    """
)

CANCEL_JOB = text(
    """
    UPDATE app.jobs
    SET status = :job_status, updated_at = NOW(),
        error_details = (
            SELECT 'The job was cancelled when ' || COUNT(*) FILTER (WHERE status = 'completed')
                   || ' of ' || COUNT(*) || ' tasks were done; run it again to do the rest'
            FROM app.tasks WHERE parent_job_id = :job),
        metadata = metadata - CAST(:marks AS text[]) || jsonb_build_object('cancelled_at', NOW())
    WHERE job_id = :job
    """
)

WAS_CANCELLED = text(
    """
    SELECT CAST(status AS text) = 'cancelled'
           OR CAST(status AS text) = 'failed' AND COALESCE(metadata ? 'cancelled_at', false)
    FROM app.jobs WHERE job_id = :job
    """
)

OUTCOME = text(
    """
    SELECT CAST(status AS text),
           (SELECT COUNT(*) FROM app.tasks
            WHERE parent_job_id = :job AND status = 'completed'),
           (SELECT COUNT(*) FROM app.tasks WHERE parent_job_id = :job)
    FROM app.jobs WHERE job_id = :job
    """
)
