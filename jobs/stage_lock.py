"""Stage locks: names of what only one job may write at a time, kept in that job's metadata.

Unlike a session-level lock, it needs no extra connection, survives a lost one, and works with
poolers that give each transaction another session.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from jobs.job_rows import MARKS_OF_CLAIM
from jobs.stages import Job


def take_lock(connection: Connection, job: Job, name: str, lease_seconds: float) -> bool:
    """Gives the job the lock. Returns False while another job has it.

    If the other job has had no heartbeat for `lease_seconds`, it is queued again, and late writes
    of its runner are refused. The transaction must have checked the job's lease.
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
