"""The results of ended stages and jobs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from jobs.stages import Job, Task
from jobs.task_rows import (
    StageCount,
    count_failed,
    failed_tasks,
    group_of,
    group_path,
    single_result,
)

NAMED = 20
LISTED = 1000


def stage_result(connection: Connection, job: Job, count: StageCount) -> dict[str, Any]:
    """A stage's entry in the job's `stage_results`; includes the result of a single task."""
    result: dict[str, Any] = {
        "tasks": count.tasks,
        "completed": count.completed,
        "failed": count.failed,
    }
    if count.tasks == 1:
        result["result"] = single_result(connection, job)
    return result


def job_result(connection: Connection, job: Job) -> tuple[str, dict[str, Any], str | None]:
    """The ended job's status, `result_data` and `error_details`, which list the failures."""
    failed = count_failed(connection, job)
    if not failed:
        return "completed", {"failed_tasks": 0}, None
    listed = failed_tasks(connection, job, LISTED)
    result = {
        "failed_tasks": failed,
        "failed_groups": [
            {"group": group_name(job, task), "task_id": task.task_id, "error": error}
            for task, error in listed
        ],
    }
    named = "; ".join(f"{group_name(job, task)}: {error}" for task, error in listed[:NAMED])
    more = f"; and {failed - NAMED} more" if failed > NAMED else ""
    tasks = "1 task failed" if failed == 1 else f"{failed} tasks failed"
    return "completed_with_errors", result, f"{tasks}: {named}{more}"


def group_name(job: Job, task: Task) -> str:
    """The group that a task processes, or the task's id if it names no group."""
    path = group_path(job, task.task_type)
    return (path and group_of(path, task.parameters)) or task.task_id
