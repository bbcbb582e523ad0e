"""The runner's writes to `app.jobs`: claim, keep alive, advance, end.

Each claim of a job stores a new lease token in the job's metadata. Writes check the token, and the
stage where it matters, so that a runner that lost its lease can't change the job any more, even if
the same runner has claimed it again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

from database.storable import storable
from jobs.stages import Job
from pipelines.public_text import public_text

# The `executor` of jobs for this project's runner, in their metadata; others are the platform's.
EXECUTOR = "pipeline-monitor"
# The metadata keys that exist only while a job is claimed.
MARKS_OF_CLAIM = ["runner_id", "lease_token", "stage_lock"]


class JobLost(Exception):
    """The job was taken over by another runner, ended or deleted."""


def claim_job(
    connection: Connection,
    runner_id: str,
    job_types: Sequence[str],
    lease_seconds: float,
    leased: Collection[str] = (),
    waited_seconds: float = 0.0,
) -> Job | None:
    """Claims the oldest job that is queued or whose lease has expired. Returns None if none is.

    Only considers jobs that were submitted for this project's runner and whose `depends_on` job has
    ended, and queued jobs only after `waited_seconds`. Skips the jobs in `leased`, which this
    runner already holds, however old their heartbeat is.
    """
    row = connection.execute(
        CLAIM,
        {
            "executor": EXECUTOR,
            "runner": runner_id,
            "types": list(job_types),
            "lease": lease_seconds,
            "token": uuid4().hex,
            "leased": list(leased),
            "waited": waited_seconds,
        },
    ).one_or_none()
    return None if row is None else Job(*row)


CLAIM = text(
    """
    UPDATE app.jobs
    SET status = 'processing', updated_at = NOW(),
        metadata = metadata - 'stage_lock'
                   || jsonb_build_object('runner_id', CAST(:runner AS text),
                                         'lease_token', CAST(:token AS text))
                   || CASE WHEN metadata ? 'started_at' THEN '{}'
                           ELSE jsonb_build_object('started_at', NOW()) END
    WHERE job_id = (
        SELECT waiting.job_id FROM app.jobs AS waiting
        WHERE waiting.metadata ->> 'executor' = :executor
          AND waiting.job_type = ANY (:types)
          AND waiting.job_id <> ALL (:leased)
          AND CASE waiting.status
              WHEN 'queued' THEN :waited <= 0
                  OR waiting.updated_at <= NOW() - :waited * INTERVAL '1 second'
              WHEN 'processing' THEN
                  waiting.updated_at < NOW() - :lease * INTERVAL '1 second'
                  -- No heartbeat is this far ahead; an hour could be daylight saving time.
                  OR waiting.updated_at > NOW() + INTERVAL '2 hours' OR waiting.updated_at IS NULL
              END
          AND NOT EXISTS (
              SELECT FROM app.jobs AS first
              -- `after`: from jobs that an earlier version queued.
              WHERE first.job_id = coalesce(waiting.metadata ->> 'depends_on',
                                            waiting.metadata ->> 'after')
                AND first.status IN ('queued', 'processing'))
        ORDER BY waiting.created_at, waiting.job_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED)
    RETURNING job_id, job_type, parameters, stage,
              CASE jsonb_typeof(stage_results) WHEN 'object' THEN stage_results ELSE '{}' END,
              metadata ->> 'lease_token'
    """
)


def keep_alive(connection: Connection, tokens: Collection[str]) -> set[str]:
    """Renews the heartbeat of the jobs with these lease tokens; returns the renewed tokens.

    Skips locked rows, so that one locked job does not delay the others.
    """
    return set(connection.execute(KEEP_ALIVE, {"tokens": list(tokens)}).scalars())


KEEP_ALIVE = text(
    """
    UPDATE app.jobs SET updated_at = CLOCK_TIMESTAMP()
    WHERE job_id IN (
        SELECT job_id FROM app.jobs
        WHERE status = 'processing' AND metadata ->> 'lease_token' = ANY (:tokens)
        FOR UPDATE SKIP LOCKED)
    RETURNING metadata ->> 'lease_token'
    """
)


def valid_leases(connection: Connection, tokens: Collection[str]) -> dict[str, float]:
    """The lease tokens that are still valid: nobody took over, ended or deleted their job.

    The value is the time since the job started, in seconds; 0 if unknown.
    """
    found = connection.execute(VALID_LEASES, {"tokens": list(tokens)})
    return {token: float(seconds) for token, seconds in found}


VALID_LEASES = text(
    """
    SELECT metadata ->> 'lease_token',
           CASE WHEN metadata ->> 'started_at' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+-]+$'
                THEN extract(epoch FROM NOW() - CAST(metadata ->> 'started_at' AS timestamptz))
                ELSE 0 END
    FROM app.jobs
    WHERE status = 'processing' AND metadata ->> 'lease_token' = ANY (:tokens)
    """
)


def assert_lease(connection: Connection, job: Job, idle_seconds: float = 30.0) -> None:
    """Checks the lease, and keeps it valid until the transaction ends. Raises JobLost.

    The database ends the transaction if the runner is idle in it for `idle_seconds`: a suspended
    runner would otherwise keep the job locked.
    """
    values = {
        "job": job.job_id,
        "token": job.lease_token,
        "stage": job.stage,
        "idle": str(round(idle_seconds * 1000)),
    }
    if connection.execute(ASSERT_LEASE, values).one_or_none() is None:
        raise JobLost(f"Job {job.job_id[:8]} is no longer this runner's")


ASSERT_LEASE = text(
    """
    SELECT job_id, set_config('idle_in_transaction_session_timeout', :idle, true)
    FROM app.jobs
    WHERE job_id = :job AND status = 'processing' AND stage IS NOT DISTINCT FROM :stage
      AND metadata ->> 'lease_token' = :token
    FOR UPDATE
    """
)


def stage_is_planned(connection: Connection, job: Job) -> bool:
    """Whether the tasks of the job's current stage have been created."""
    query = text("SELECT metadata ->> 'planned_stage' FROM app.jobs WHERE job_id = :job")
    planned = connection.execute(query, {"job": job.job_id}).scalar_one()
    return bool(planned == str(job.stage))


def mark_planned(connection: Connection, job: Job) -> None:
    """Marks all tasks of the job's current stage as created."""
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
    """Whether the stage's tasks were planned before the job was rerun."""
    query = text("SELECT metadata ->> 'refresh_stage' FROM app.jobs WHERE job_id = :job")
    return bool(connection.execute(query, {"job": job.job_id}).scalar_one() == str(job.stage))


def mark_refreshed(connection: Connection, job: Job) -> None:
    """Marks the tasks of the job's current stage as up to date."""
    query = text("UPDATE app.jobs SET metadata = metadata - 'refresh_stage' WHERE job_id = :job")
    connection.execute(query, {"job": job.job_id})


def release_job(connection: Connection, job: Job) -> None:
    """Puts a job back in the queue at its current stage."""
    values = {"job": job.job_id, "token": job.lease_token, "marks": MARKS_OF_CLAIM}
    connection.execute(RELEASE, values)


RELEASE = text(
    """
    UPDATE app.jobs
    SET status = 'queued', updated_at = NOW(), metadata = metadata - CAST(:marks AS text[])
    WHERE job_id = :job AND status = 'processing' AND metadata ->> 'lease_token' = :token
    """
)


def record_stage(connection: Connection, job: Job, result: dict[str, Any]) -> None:
    """Writes the result of the job's current stage."""
    row = {"job": job.job_id, "stage": str(job.stage), "result": json.dumps(result)}
    connection.execute(RECORD_STAGE, row)


RECORD_STAGE = text(
    """
    UPDATE app.jobs
    SET stage_results = CASE jsonb_typeof(stage_results)
                            WHEN 'object' THEN stage_results ELSE '{}' END
                        || jsonb_build_object(CAST(:stage AS text), CAST(:result AS jsonb))
    WHERE job_id = :job
    """
)


def advance_job(connection: Connection, job: Job) -> None:
    """Queues the job for its next stage."""
    connection.execute(ADVANCE, {"job": job.job_id, "marks": MARKS_OF_CLAIM})


ADVANCE = text(
    """
    UPDATE app.jobs
    SET stage = stage + 1, status = 'queued', updated_at = NOW(),
        metadata = metadata - CAST(:marks AS text[])
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
        "error": None if error is None else storable(public_text(error)),
        "marks": MARKS_OF_CLAIM,
    }
    connection.execute(END, row)


END = text(
    """
    UPDATE app.jobs
    SET status = :status, updated_at = NOW(),
        result_data = CAST(:result AS jsonb), error_details = :error,
        metadata = metadata - CAST(:marks AS text[])
    WHERE job_id = :job
    """
)
