"""The tasks of a job, one row each, failed ones first."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash.development.base_component import Component

from layouts.formats import format_duration, format_memory, format_moment, unknown
from layouts.leaves import Leaves
from layouts.statuses import format_status
from layouts.tables import Column, table

KEY = "tasks"


def task_table() -> Component:
    """The table without rows."""
    return table(
        KEY,
        [
            Column("task_id", "Task"),
            Column("stage", "Stage", "count"),
            Column("status", "Status"),
            Column("duration", "Duration"),
            Column("memory", "Peak memory"),
            Column("retries", "Retries", "count"),
            Column("worker", "Worker"),
            Column("started", "Started"),
            Column("error", "Error", "prose"),
        ],
        filtered=True,
    )


def task_values(tasks: pd.DataFrame) -> Leaves:
    """The rows, from one row a task."""
    return Leaves(table={KEY: [_row(task) for task in tasks.to_dict("records")]})


def _row(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": task["task_id"],
        "task_id": task["task_id"],
        "stage": task["stage"],
        "status": format_status(task["status"]),
        "duration": format_duration(task["seconds"]),
        "memory": format_memory(task["peak_memory_mb"]),
        "retries": task["retry_count"],
        "worker": _text(task["executed_by_app"]),
        "started": format_moment(task["started_at"]),
        "error": _text(task["error_details"]),
    }


def _text(value: Any) -> str:
    return "" if unknown(value) else str(value)
