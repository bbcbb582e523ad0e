"""Reruns an ended job: failed tasks run again, completed tasks are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from jobs.job_rows import EXECUTOR, MARKS_OF_CLAIM
from jobs.stages import Parameters
from pipelines.errors import MonitorError

# Final statuses of jobs that have something left to do.
UNFINISHED = ("failed", "completed_with_errors", "cancelled")


# The metadata keys of the run that has ended.
MARKS_OF_RUN = [*MARKS_OF_CLAIM, "cancelled_at", "started_at"]


class RerunError(MonitorError):
    """A job can't be rerun; the message says why. Nothing was changed."""


class NoSuchJob(MonitorError):
    """There is no job with that id."""


@dataclass(frozen=True)
class Rerun:
    """A job that is queued to run again.

    tasks: how many of its tasks run again; done: how many are kept. None if the platform runs the
    job, because it decides.
    """

    job_id: str
    status: str
    tasks: int | None = None
    done: int | None = None


@dataclass(frozen=True)
class EndedJob:
    """The parts of a job's row that a rerun needs; `ours` if it is for this project's runner."""

    job_id: str
    job_type: str
    parameters: Parameters
    status: str
    ours: bool


def rerun_job(connection: Connection, job_id: str) -> Rerun:
    """Queues an ended job again, at the first stage that has something left to do.

    The stage's failed and cancelled tasks become pending. Tasks of later stages are deleted and
    planned again from the new results. Raises NoSuchJob, and RerunError if the job belongs to the
    platform or is not `failed`, `completed_with_errors` or `cancelled`.
    """
    job = find_ended_job(connection, job_id, lock=True)
    check_ours(job)
    check_unfinished(job)
    stage = connection.execute(FIRST_STAGE, {"job": job_id}).scalar_one()
    values = {
        "job": job_id,
        "stage": stage,
        "marks": [*MARKS_OF_CLAIM, "cancelled_at", "started_at"],
    }
    connection.execute(FORGET_LATER, values)
    tasks = connection.execute(RETRY, values).rowcount
    connection.execute(QUEUE, values)
    done = connection.execute(DONE, values).scalar_one()
    return Rerun(job_id, "queued", tasks, done)


def find_ended_job(connection: Connection, job_id: str, *, lock: bool = False) -> EndedJob:
    """A job's row; with `lock`, it is locked until the transaction ends. Raises NoSuchJob."""
    query = LOCKED if lock else FOUND
    row = connection.execute(query, {"job": job_id, "executor": EXECUTOR}).one_or_none()
    if row is None:
        raise NoSuchJob(f"There is no job '{job_id}'")
    return EndedJob(*row)


def check_ours(job: EndedJob) -> None:
    """Raises RerunError if the job belongs to the platform."""
    if not job.ours:
        name = job.job_id[:8]
        raise RerunError(f"Job {name} is the platform's: only the platform can run it again")


def check_unfinished(job: EndedJob) -> None:
    """Raises RerunError if the job has not ended or has nothing left to do."""
    if job.status not in UNFINISHED:
        expected = f"{', '.join(UNFINISHED[:-1])} or {UNFINISHED[-1]}"
        raise RerunError(
            f"Job {job.job_id[:8]} is {job.status}; only a job that is {expected} can be rerun"
        )


_FOUND = """
    SELECT job_id, job_type, COALESCE(parameters, '{}'), CAST(status AS text),
           COALESCE(metadata ->> 'executor' = :executor, false)
    FROM app.jobs WHERE job_id = :job
    """
FOUND, LOCKED = text(_FOUND), text(f"{_FOUND} FOR UPDATE")

# If planning failed, no task is left to do: the job is then rerun at its current stage.
FIRST_STAGE = text(
    """
    SELECT COALESCE(
        (SELECT MIN(stage) FROM app.tasks WHERE parent_job_id = :job AND status <> 'completed'),
        stage)
    FROM app.jobs WHERE job_id = :job
    """
)

FORGET_LATER = text("DELETE FROM app.tasks WHERE parent_job_id = :job AND stage > :stage")

# Tasks that a runner's error left in progress are requeued by the next run itself.
RETRY = text(
    """
    UPDATE app.tasks
    SET status = 'pending', retry_count = COALESCE(retry_count, 0) + 1, error_details = NULL,
        result_data = NULL, heartbeat = NULL, execution_started_at = NULL, updated_at = NOW()
    WHERE parent_job_id = :job AND stage = :stage
      AND CAST(status AS text) IN ('failed', 'cancelled')
    """
)

# `planned_stage` is lowered to the stage, but never raised: its plan may have failed.
QUEUE = text(
    """
    UPDATE app.jobs
    SET status = 'queued', stage = :stage, error_details = NULL, result_data = NULL,
        stage_results = (
            SELECT COALESCE(jsonb_object_agg(key, value), '{}')
            FROM jsonb_each(COALESCE(stage_results, '{}'))
            WHERE CASE WHEN key ~ '^[0-9]{1,9}$' THEN CAST(key AS integer) < :stage END),
        metadata = (metadata - CAST(:marks AS text[]))
            || CASE WHEN CAST(metadata ->> 'planned_stage' AS integer) > :stage
                    THEN jsonb_build_object('planned_stage', CAST(:stage AS integer))
                    ELSE '{}' END
            || jsonb_build_object(
                'refresh_stage', CAST(:stage AS integer),
                'reruns', COALESCE(CAST(metadata ->> 'reruns' AS integer), 0) + 1,
                'rerun_at', NOW()),
        updated_at = NOW()
    WHERE job_id = :job
    """
)

DONE = text("SELECT COUNT(*) FROM app.tasks WHERE parent_job_id = :job AND status = 'completed'")
