"""Active jobs and inconsistencies from the rollups of tasks."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, bindparam, text

from pipelines.models import Pipeline
from queries.inconsistencies import ENDED, listed
from queries.jobs import ACTIVE, described


def rollup_active_jobs(connection: Connection, pipeline: Pipeline) -> pd.DataFrame:
    """The pipeline's active jobs, like queries.jobs.active_jobs."""
    values = {"types": list(pipeline.job_types), "active": list(ACTIVE)}
    return described(connection.execute(JOBS, values).all(), pipeline)


def rollup_inconsistencies(
    connection: Connection, pipeline: Pipeline, files: pd.DataFrame
) -> pd.DataFrame:
    """Data inconsistencies, like queries.inconsistencies.inconsistencies."""
    values = {"types": list(pipeline.job_types), "ended": list(ENDED)}
    counts = connection.execute(INCONSISTENT, {**values, "pipeline": pipeline.id}).one()
    return listed(pipeline, files, *map(int, counts))


# What a job's tasks come to: the compacted counts and what is not compacted yet.
JOBS = text(
    """
    SELECT job.job_id, job.job_type, job.status::text, job.stage,
           COALESCE(job.total_stages, job.stage),
           CASE WHEN jsonb_typeof(job.parameters) = 'object' THEN job.parameters END,
           job.created_at::timestamptz, begun.first::timestamptz,
           counted.tasks, counted.completed, counted.processing, counted.failed, counted.pending,
           recent.tasks,
           extract(epoch FROM CASE WHEN begun.of_stage IS NOT NULL
               THEN now() - greatest(begun.of_stage::timestamptz, win.start) END)::float
    FROM app.jobs AS job
    CROSS JOIN (
        SELECT date_trunc('minute', now() - interval '10 minutes') AS start,
               (SELECT low FROM monitor.rollups WHERE subject = '') AS low) AS win
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(tasks), 0)::bigint AS tasks,
               COALESCE(sum(tasks) FILTER (WHERE status = 'completed'), 0)::bigint AS completed,
               COALESCE(sum(tasks) FILTER (WHERE status = 'processing'), 0)::bigint AS processing,
               COALESCE(sum(tasks) FILTER (WHERE status = 'failed'), 0)::bigint AS failed,
               COALESCE(sum(tasks) FILTER (
                   WHERE status NOT IN ('completed', 'processing', 'failed')), 0)::bigint AS pending
        FROM (SELECT status, tasks FROM monitor.task_counts
              WHERE job_id = job.job_id AND stage = job.stage
              UNION ALL
              SELECT status, tasks FROM monitor.task_changes
              WHERE job_id = job.job_id AND stage = job.stage AND xid >= win.low) AS part
    ) AS counted
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(tasks), 0)::bigint AS tasks
        FROM (SELECT at, tasks FROM monitor.task_minutes
              WHERE job_id = job.job_id AND stage = job.stage
              UNION ALL
              SELECT at, tasks FROM monitor.task_changes
              WHERE job_id = job.job_id AND stage = job.stage AND xid >= win.low) AS part
        WHERE at::timestamptz >= win.start AND at::timestamptz <= now()
    ) AS recent
    CROSS JOIN LATERAL (
        SELECT min(started) AS first, min(started) FILTER (WHERE stage = job.stage) AS of_stage
        FROM (
            SELECT stage, CASE WHEN min(lost) <= min(started) OR min(started) IS NULL
                -- The earliest start is gone and not compacted yet.
                THEN (SELECT min(task.execution_started_at) FROM app.tasks AS task
                      WHERE task.parent_job_id = job.job_id AND task.stage = part.stage)
                ELSE min(started) END AS started
            FROM (SELECT stage, started, NULL AS lost FROM monitor.task_stages
                  WHERE job_id = job.job_id
                  UNION ALL
                  SELECT stage, started, lost FROM monitor.task_changes
                  WHERE job_id = job.job_id AND xid >= win.low) AS part
            GROUP BY stage) AS of_each
    ) AS begun
    WHERE job.job_type IN :types AND job.status IN :active
    ORDER BY job.created_at DESC, job.job_id
    """.replace("::", "\\:\\:")
).bindparams(bindparam("types", expanding=True), bindparam("active", expanding=True))

INCONSISTENT = text(
    """
    SELECT COALESCE(sum(tasks) FILTER (WHERE part.status = 'processing'
                                       AND CAST(job.status AS text) IN :ended), 0),
           COALESCE(sum(tasks) FILTER (WHERE part.status = 'failed'
                                       AND job.status = 'completed'), 0),
           (SELECT count(*) FROM monitor.phase_tasks WHERE pipeline = :pipeline AND untimed)
    FROM (SELECT job_id, status, tasks FROM monitor.task_counts
          WHERE status IN ('processing', 'failed')
          UNION ALL
          SELECT job_id, status, tasks FROM monitor.task_changes
          WHERE xid >= (SELECT low FROM monitor.rollups WHERE subject = '')
            AND status IN ('processing', 'failed')) AS part
    JOIN app.jobs AS job ON job.job_id = part.job_id
    WHERE job.job_type IN :types
    """
).bindparams(bindparam("types", expanding=True), bindparam("ended", expanding=True))
