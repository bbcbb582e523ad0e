"""Runs an ended job again: what failed is done once more, what succeeded stays done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from jobs.job_rows import EXECUTOR, MARKS_OF_CLAIM
from jobs.stages import Parameters
from pipelines.errors import MonitorError

# How a job ends that has something left to do.
UNFINISHED = ("failed", "completed_with_errors", "cancelled")


# What a job's metadata says of the run that has ended.
MARKS_OF_RUN = [*MARKS_OF_CLAIM, "cancelled_at", "started_at"]


class RerunError(MonitorError):
    """A job can't be run again: the message says why. Nothing was changed."""


class NoSuchJob(MonitorError):
    """There is no job of that id."""


@dataclass(frozen=True)
class Rerun:
    """A job that waits to be run again.

    tasks: how many of its tasks are done again; done: how many stay done. None where the platform
    runs the job, which decides for itself.
    """

    job_id: str
    status: str
    tasks: int | None = None
    done: int | None = None


@dataclass(frozen=True)
class EndedJob:
    """A job's row, as far as a re-run has to know it; `ours` when this project's runner did it."""

    job_id: str
    job_type: str
    parameters: Parameters
    status: str
    ours: bool


def rerun_job(connection: Connection, job_id: str) -> Rerun:
    """Puts an ended job back into the queue, at the first stage that has something left to do.

    Tasks that failed or were cancelled are pending again, those of later stages are forgotten and
    planned afresh from the new results. Raises NoSuchJob, and RerunError for a job of the
    platform's or one that is not `failed`, `completed_with_errors` or `cancelled`.
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
    """A job's row; with `lock` nobody else changes it until the transaction ends.

    Raises NoSuchJob.
    """
    query = LOCKED if lock else FOUND
    row = connection.execute(query, {"job": job_id, "executor": EXECUTOR}).one_or_none()
    if row is None:
        raise NoSuchJob(f"There is no job '{job_id}'")
    return EndedJob(*row)


def check_ours(job: EndedJob) -> None:
    """Raises RerunError for a job of the platform's."""
    if not job.ours:
        name = job.job_id[:8]
        raise RerunError(f"Job {name} is the platform's: only the platform can run it again")


def check_unfinished(job: EndedJob) -> None:
    """Raises RerunError for a job that has not ended, or has nothing left to do."""
    if job.status not in UNFINISHED:
        expected = f"{', '.join(UNFINISHED[:-1])} or {UNFINISHED[-1]}"
        raise RerunError(
            f"Job {job.job_id[:8]} is {job.status}; only a job that is {expected} is run again"
        )


_FOUND = """
    SELECT job_id, job_type, COALESCE(parameters, '{}'), CAST(status AS text),
           COALESCE(metadata ->> 'executor' = :executor, false)
    FROM app.jobs WHERE job_id = :job
    """
FOUND, LOCKED = text(_FOUND), text(f"{_FOUND} FOR UPDATE")

# A job may have ended with no task left to do: when a plan could not be made, at its own stage.
FIRST_STAGE = text(
    """
    SELECT COALESCE(
        (SELECT MIN(stage) FROM app.tasks WHERE parent_job_id = :job AND status <> 'completed'),
        stage)
    FROM app.jobs WHERE job_id = :job
    """
)

FORGET_LATER = text("DELETE FROM app.tasks WHERE parent_job_id = :job AND stage > :stage")

# What a runner's error left under way is put back by the run itself.
RETRY = text(
    """
    UPDATE app.tasks
    SET status = 'pending', retry_count = COALESCE(retry_count, 0) + 1, error_details = NULL,
        result_data = NULL, heartbeat = NULL, execution_started_at = NULL, updated_at = NOW()
    WHERE parent_job_id = :job AND stage = :stage
      AND CAST(status AS text) IN ('failed', 'cancelled')
    """
)

# The mark of the planned stage stays where the stage's own plan could not be made.
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
