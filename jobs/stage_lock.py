"""What no two jobs may write at once, as a mark of the job that has it.

A mark and not a session's lock: it needs no connection of its own, holds through a lost one, and
works where a pooler gives each transaction another session.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from jobs.job_rows import MARKS_OF_CLAIM
from jobs.stages import Job


def take_lock(connection: Connection, job: Job, name: str, lease_seconds: float) -> bool:
    """Marks the job as the one that has the lock; false while another one has it.

    A job whose runner has been silent for `lease_seconds` goes back to the queue: its late writes
    are refused. The transaction has to hold the job's claim.
    """
    values = {"job": job.job_id, "name": name, "lease": lease_seconds, "marks": MARKS_OF_CLAIM}
    connection.execute(ONE_AT_A_TIME, values)
    connection.execute(QUEUE_SILENT, values)
    return bool(connection.execute(MARK, values).rowcount)


ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

QUEUE_SILENT = text(
    """
    UPDATE app.jobs SET status = 'queued', metadata = metadata - CAST(:marks AS text[])
    WHERE job_id IN (
        SELECT job_id FROM app.jobs
        WHERE status = 'processing' AND metadata ->> 'stage_lock' = :name AND job_id <> :job
          AND (updated_at < CLOCK_TIMESTAMP() - :lease * INTERVAL '1 second'
               OR updated_at > CLOCK_TIMESTAMP() + INTERVAL '2 hours' OR updated_at IS NULL)
        FOR UPDATE SKIP LOCKED)
    """
)

MARK = text(
    """
    UPDATE app.jobs
    SET metadata = metadata || jsonb_build_object('stage_lock', CAST(:name AS text))
    WHERE job_id = :job AND NOT EXISTS (
        SELECT FROM app.jobs AS other
        WHERE other.status = 'processing' AND other.metadata ->> 'stage_lock' = :name
          AND other.job_id <> :job)
    """
)
