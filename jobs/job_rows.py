"""The runner's writes to `app.jobs`: claim, keep alive, move on, end.

Each claim of a job has a lease token of its own, in the job's metadata. Every write asks for that
token and the stage that was claimed, so that whoever lost the lease can't change the job any more,
not even where the same runner has claimed it again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from jobs.stages import Job

# The mark in a job's metadata that this project's runner may do it; others are the platform's.
EXECUTOR = "pipeline-monitor"


class JobLost(Exception):
    """The job was taken over by another runner, or removed."""


def claim_job(
    connection: Connection,
    runner_id: str,
    job_types: Sequence[str],
    lease_seconds: float,
    held: Collection[str] = (),
) -> Job | None:
    """Takes the oldest job that waits, or whose runner has been silent for too long; none if none.

    Only jobs that were submitted for this project's runner, and whose predecessor has ended. Jobs
    that the runner holds are left alone, however long their heartbeat has been silent.
    """
    row = connection.execute(
        CLAIM,
        {
            "executor": EXECUTOR,
            "runner": runner_id,
            "types": list(job_types),
            "lease": lease_seconds,
            "token": uuid4().hex,
            "held": list(held),
        },
    ).one_or_none()
    return None if row is None else Job(*row)


CLAIM = text(
    """
    UPDATE app.jobs
    SET status = 'processing', updated_at = NOW(),
        metadata = metadata || jsonb_build_object('runner_id', CAST(:runner AS text),
                                           'lease_token', CAST(:token AS text))
    WHERE job_id = (
        SELECT waiting.job_id FROM app.jobs AS waiting
        WHERE waiting.metadata ->> 'executor' = :executor
          AND waiting.job_type = ANY (:types)
          AND waiting.job_id <> ALL (:held)
          AND (waiting.status = 'queued'
               OR (waiting.status = 'processing'
                   AND waiting.updated_at < NOW() - :lease * INTERVAL '1 second'))
          AND NOT EXISTS (
              SELECT FROM app.jobs AS first
              WHERE first.job_id = waiting.metadata ->> 'after'
                AND first.status IN ('queued', 'processing'))
        ORDER BY waiting.created_at, waiting.job_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING job_id, job_type, parameters, stage, COALESCE(stage_results, '{}'),
              metadata ->> 'lease_token'
    """
)


def keep_alive(connection: Connection, runner_id: str, job_ids: Sequence[str]) -> None:
    """Says that the runner is alive and at work on these jobs."""
    connection.execute(KEEP_ALIVE, {"jobs": list(job_ids), "runner": runner_id})


KEEP_ALIVE = text(
    """
    UPDATE app.jobs SET updated_at = CLOCK_TIMESTAMP()
    WHERE job_id = ANY (:jobs) AND status = 'processing' AND metadata ->> 'runner_id' = :runner
    """
)


def hold_job(connection: Connection, job: Job) -> None:
    """Makes sure, until the transaction ends, that the claim still holds. Raises JobLost."""
    values = {"job": job.job_id, "token": job.lease_token, "stage": job.stage}
    if connection.execute(HOLD, values).one_or_none() is None:
        raise JobLost(f"Job {job.job_id[:8]} is no longer this runner's")


HOLD = text(
    """
    SELECT job_id FROM app.jobs
    WHERE job_id = :job AND status = 'processing' AND stage = :stage
      AND metadata ->> 'lease_token' = :token
    FOR UPDATE
    """
)


def stage_is_planned(connection: Connection, job: Job) -> bool:
    """Whether the tasks of the job's current stage have been made."""
    query = text("SELECT metadata ->> 'planned_stage' FROM app.jobs WHERE job_id = :job")
    planned = connection.execute(query, {"job": job.job_id}).scalar_one()
    return bool(planned == str(job.stage))


def mark_planned(connection: Connection, job: Job) -> None:
    """Says that the tasks of the job's current stage are made, all of them."""
    connection.execute(MARK_PLANNED, {"job": job.job_id, "stage": job.stage})


MARK_PLANNED = text(
    """
    UPDATE app.jobs
    SET metadata = (metadata - 'refresh_stage')
                   || jsonb_build_object('planned_stage', CAST(:stage AS integer))
    WHERE job_id = :job
    """
)


def plan_is_stale(connection: Connection, job: Job) -> bool:
    """Whether the stage's tasks were planned before the job was run again."""
    query = text("SELECT metadata ->> 'refresh_stage' FROM app.jobs WHERE job_id = :job")
    return bool(connection.execute(query, {"job": job.job_id}).scalar_one() == str(job.stage))


def mark_refreshed(connection: Connection, job: Job) -> None:
    """Says that the tasks of the job's current stage are as they would be planned now."""
    query = text("UPDATE app.jobs SET metadata = metadata - 'refresh_stage' WHERE job_id = :job")
    connection.execute(query, {"job": job.job_id})


def release_job(connection: Connection, job: Job) -> None:
    """Puts a job back in the queue at its current stage."""
    connection.execute(RELEASE, {"job": job.job_id, "token": job.lease_token})


RELEASE = text(
    """
    UPDATE app.jobs
    SET status = 'queued', updated_at = NOW(), metadata = metadata - 'runner_id' - 'lease_token'
    WHERE job_id = :job AND status = 'processing' AND metadata ->> 'lease_token' = :token
    """
)


def record_stage(connection: Connection, job: Job, result: dict[str, Any]) -> None:
    """Writes what came of the job's current stage."""
    row = {"job": job.job_id, "stage": str(job.stage), "result": json.dumps(result)}
    connection.execute(RECORD_STAGE, row)


RECORD_STAGE = text(
    """
    UPDATE app.jobs
    SET stage_results = COALESCE(stage_results, '{}')
                        || jsonb_build_object(CAST(:stage AS text), CAST(:result AS jsonb))
    WHERE job_id = :job
    """
)


def advance_job(connection: Connection, job: Job) -> None:
    """Queues the job for its next stage."""
    connection.execute(ADVANCE, {"job": job.job_id})


ADVANCE = text(
    """
    UPDATE app.jobs
    SET stage = stage + 1, status = 'queued', updated_at = NOW(),
        metadata = metadata - 'runner_id' - 'lease_token'
    WHERE job_id = :job
    """
)


def end_job(
    connection: Connection,
    job: Job,
    status: str,
    result: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Ends the job with a final status."""
    row = {
        "job": job.job_id,
        "status": status,
        "result": None if result is None else json.dumps(result),
        "error": error,
    }
    connection.execute(END, row)


END = text(
    """
    UPDATE app.jobs
    SET status = :status, updated_at = NOW(),
        result_data = CAST(:result AS jsonb), error_details = :error,
        metadata = metadata - 'runner_id' - 'lease_token'
    WHERE job_id = :job
    """
)
