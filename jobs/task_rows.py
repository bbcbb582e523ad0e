"""The runner's writes to `app.tasks`: plan, dequeue, update, complete."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from database.storable import storable_json
from jobs.stages import Job, Parameters, Result, Stage, Task, as_json
from pipelines.public_text import public_text

log = logging.getLogger(__name__)

BATCH = 1000


@dataclass(frozen=True)
class TaskResult:
    """How a task ended; `seconds` is its duration as measured on the worker."""

    task: Task
    result: Result | None
    error: str | None
    seconds: float
    worker: str
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The task's final status."""
        return "completed" if self.error is None else "failed"


@dataclass(frozen=True)
class StageCount:
    """How many tasks a stage has, in total and by outcome."""

    tasks: int
    completed: int
    failed: int
    unfinished: int


def plan_tasks(connection: Connection, job: Job, stage: Stage, plan: Iterable[Parameters]) -> None:
    """Creates the stage's task rows in batches, so that the whole plan is never in memory."""
    prefix = f"{job.job_id[:8]}-s{job.stage}"
    numbered = enumerate(plan)
    while batch := list(islice(numbered, BATCH)):
        rows = [
            {
                "task_id": f"{prefix}-{index}",
                "index": str(index),
                "parameters": as_json(parameters, "A task's parameters"),
            }
            for index, parameters in batch
        ]
        common = {"job": job.job_id, "job_type": job.job_type, "stage": job.stage}
        connection.execute(PLAN, {**common, "task_type": stage.task_type, "rows": json.dumps(rows)})


PLAN = text(
    """
    INSERT INTO app.tasks (task_id, parent_job_id, job_type, task_type, stage, task_index,
                           parameters, status, metadata, retry_count, created_at, updated_at)
    SELECT planned.task_id, :job, :job_type, :task_type, :stage, planned.index,
           CAST(planned.parameters AS jsonb), 'pending', '{}', 0, NOW(), NOW()
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS planned (task_id text, index text, parameters text)
    """
)


def requeue(connection: Connection, job: Job) -> None:
    """Makes the stage's unfinished tasks pending again, after a runner stopped or was killed."""
    connection.execute(REQUEUE, {"job": job.job_id, "stage": job.stage})


REQUEUE = text(
    """
    UPDATE app.tasks
    SET retry_count = COALESCE(retry_count, 0) + CASE WHEN status = 'processing' THEN 1 ELSE 0 END,
        status = 'pending', heartbeat = NULL, execution_started_at = NULL,
        metadata = CASE jsonb_typeof(metadata)
                   WHEN 'object' THEN metadata - 'progress' ELSE metadata END,
        updated_at = NOW()
    WHERE parent_job_id = :job AND stage = :stage
      AND COALESCE(CAST(status AS text), '')
          NOT IN ('pending', 'completed', 'failed', 'cancelled')
    """
)


def refresh_tasks(
    connection: Connection, job: Job, stage: Stage, plan: Iterable[Parameters]
) -> None:
    """Updates the parameters of the stage's pending tasks from a new plan, by group.

    Groups that are new in the plan are ignored, and so are tasks that name no group.
    """
    path = group_path(job, stage.task_type)
    if path is None:
        return
    groups = ((group_of(path, parameters), parameters) for parameters in plan)
    named = ({"name": name, "parameters": given} for name, given in groups if name)
    own = {"job": job.job_id, "stage": job.stage, "path": list(path)}
    while batch := list(islice(named, BATCH)):
        connection.execute(REFRESH, {**own, "rows": as_json(batch, "A task's parameters")})


REFRESH = text(
    """
    UPDATE app.tasks AS task SET parameters = planned.parameters
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS planned (name text, parameters jsonb)
    WHERE task.parent_job_id = :job AND task.stage = :stage AND task.status = 'pending'
      AND task.parameters #>> CAST(:path AS text[]) = planned.name
    """
)


def group_path(job: Job, task_type: str) -> tuple[str, ...] | None:
    """The path of the group's name in the parameters of a task type; None if not registered."""
    pipeline, _ = job.entry
    phase = pipeline.phase_of_task(task_type) if pipeline else None
    return tuple(phase.task_group.split(".")) if phase and phase.task_group else None


def group_of(path: Sequence[str], parameters: Parameters) -> str | None:
    """The name of the group that a task processes; None if its parameters have none."""
    value: Any = parameters
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None or value == "" else str(value)


def dequeue(connection: Connection, job: Job, most: int) -> list[Task]:
    """Takes up to `most` pending tasks of the stage, and sets their status to `queued`."""
    rows = connection.execute(DEQUEUE, {"job": job.job_id, "stage": job.stage, "most": most}).all()
    return [Task(*row) for row in rows]


# Task ids sort by length, then by text: 2 before 10.
DEQUEUE = text(
    """
    WITH next AS (
        SELECT task_id FROM app.tasks
        WHERE parent_job_id = :job AND stage = :stage AND status = 'pending'
        ORDER BY length(task_id), task_id
        LIMIT :most)
    UPDATE app.tasks AS task SET status = 'queued', updated_at = NOW()
    FROM next WHERE task.task_id = next.task_id
    RETURNING task.task_id, task.task_type, task.parameters
    """
)


def write_heartbeats(connection: Connection, updates: Sequence[dict[str, Any]]) -> None:
    """Writes the workers' updates: task_id, worker, age (seconds since the start), progress.

    progress: percent and message, or None if the task has not reported any.
    """
    connection.execute(HEARTBEATS, {"news": storable_json(list(updates))})


HEARTBEATS = text(
    """
    UPDATE app.tasks AS task
    SET status = 'processing', heartbeat = NOW(), executed_by_app = news.worker,
        execution_started_at = COALESCE(
            task.execution_started_at, NOW() - news.age * INTERVAL '1 second'),
        metadata = CASE WHEN jsonb_typeof(news.progress) = 'object'
                        THEN CASE jsonb_typeof(task.metadata)
                             WHEN 'object' THEN task.metadata ELSE '{}' END
                             || jsonb_build_object('progress', news.progress)
                        ELSE task.metadata END,
        updated_at = NOW()
    FROM jsonb_to_recordset(CAST(:news AS jsonb))
         AS news (task_id text, worker text, age float, progress jsonb)
    WHERE task.task_id = news.task_id AND task.status IN ('queued', 'processing')
    """
)


def _public(ended: TaskResult) -> str | None:
    if ended.error is None:
        return None
    error = public_text(ended.error)
    if error != ended.error:
        log.warning("Task %s: %s", ended.task.task_id, ended.error)
    return error


def end_tasks(connection: Connection, ended_tasks: Sequence[TaskResult]) -> None:
    """Ends tasks; sets each start time to now minus the measured duration."""
    rows = [
        {
            "task_id": one.task.task_id,
            "status": one.status,
            "result": one.result,
            "error": _public(one),
            "seconds": one.seconds,
            "worker": one.worker,
            "metadata": one.metadata,
        }
        for one in ended_tasks
    ]
    for status in {one.status for one in ended_tasks}:
        of_status = [row for row in rows if row["status"] == status]
        connection.execute(END, {"status": status, "rows": storable_json(of_status)})


END = text(
    """
    UPDATE app.tasks AS task
    SET status = :status, result_data = ended.result, error_details = ended.error,
        metadata = CASE jsonb_typeof(task.metadata)
                   WHEN 'object' THEN task.metadata - 'progress' ELSE '{}' END || ended.metadata,
        executed_by_app = ended.worker, heartbeat = NOW(),
        execution_started_at = NOW() - ended.seconds * INTERVAL '1 second', updated_at = NOW()
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS ended (task_id text, result jsonb, error text, seconds float, worker text,
                   metadata jsonb)
    WHERE task.task_id = ended.task_id
    """
)


def count_stage(connection: Connection, job: Job) -> StageCount:
    """Counts the tasks of the job's current stage by outcome."""
    row = connection.execute(COUNT, {"job": job.job_id, "stage": job.stage}).one()
    return StageCount(*row)


COUNT = text(
    """
    SELECT COUNT(*), COUNT(*) FILTER (WHERE status = 'completed'),
           COUNT(*) FILTER (WHERE CAST(status AS text) IN ('failed', 'cancelled')),
           COUNT(*) FILTER (WHERE COALESCE(CAST(status AS text), '')
                                  NOT IN ('completed', 'failed', 'cancelled'))
    FROM app.tasks WHERE parent_job_id = :job AND stage = :stage
    """
)


def single_result(connection: Connection, job: Job) -> Result | None:
    """The result of the stage's single task."""
    query = text("SELECT result_data FROM app.tasks WHERE parent_job_id = :job AND stage = :stage")
    result: Result | None = connection.execute(
        query, {"job": job.job_id, "stage": job.stage}
    ).scalar_one()
    return result


def failed_tasks(connection: Connection, job: Job, most: int) -> list[tuple[Task, str]]:
    """The job's failed tasks of all stages with their errors, at most `most`."""
    rows = connection.execute(FAILED, {"job": job.job_id, "most": most}).all()
    return [(Task(task_id, kind, parameters), error) for task_id, kind, parameters, error in rows]


FAILED = text(
    """
    SELECT task_id, task_type, parameters,
           COALESCE(error_details, CASE CAST(status AS text)
               WHEN 'cancelled' THEN 'it was cancelled' ELSE 'no error was recorded' END)
    FROM app.tasks WHERE parent_job_id = :job AND CAST(status AS text) IN ('failed', 'cancelled')
    ORDER BY stage, length(task_id), task_id LIMIT :most
    """
)


def count_failed(connection: Connection, job: Job) -> int:
    """How many tasks of the job failed, in all stages."""
    return int(connection.execute(COUNT_FAILED, {"job": job.job_id}).scalar_one())


COUNT_FAILED = text(
    """
    SELECT COUNT(*) FROM app.tasks
    WHERE parent_job_id = :job AND CAST(status AS text) IN ('failed', 'cancelled')
    """
)
