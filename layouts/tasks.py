"""The tasks of a job, a page at a time, failed ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html

from layouts import ids
from layouts.formats import (
    format_duration,
    format_memory,
    format_percent,
    format_text,
    format_timestamp,
    known_number,
    unknown,
)
from layouts.lists import Size, list_values, listed
from layouts.page_values import PageValues
from layouts.statuses import format_status
from layouts.tables import Column

KEY = "tasks"
FILTERS = {"stage": "Stage", "status": "Status"}
COLUMNS = [
    Column("task_id", "Task"),
    Column("stage", "Stage", "count"),
    Column("status", "Status"),
    Column("progress_percent", "Progress", "prose"),
    Column("seconds", "Duration"),
    Column("peak_memory_mb", "Peak memory"),
    Column("retry_count", "Retries", "count"),
    Column("executed_by_app", "Worker"),
    Column("started_at", "Started"),
    Column("error_details", "Error", "prose"),
]


def task_list(query: Mapping[str, Sequence[str]]) -> html.Section:
    """The list without rows; `query` is the address's."""
    return html.Section(
        [
            html.H2(["Tasks", html.Span(id=ids.text(f"{KEY}.size"), className="note")]),
            *listed(KEY, COLUMNS, query, FILTERS),
        ],
        className="panel",
    )


def task_values(
    tasks: pd.DataFrame, size: Size, options: Mapping[str, Mapping[str, int]], csv: str
) -> PageValues:
    """The list's values, from one row per task of the page."""
    return list_values(KEY, [_row(task) for task in tasks.to_dict("records")], size, options, csv)


def _row(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": task["task_id"],
        "task_id": task["task_id"],
        "stage": known_number(task["stage"]),
        "status": format_status(task["status"]),
        "progress_percent": _progress(task),
        "seconds": format_duration(task["seconds"]),
        "peak_memory_mb": format_memory(task["peak_memory_mb"]),
        "retry_count": task["retry_count"],
        "executed_by_app": format_text(task["executed_by_app"]),
        "started_at": format_timestamp(task["started_at"]),
        "error_details": format_text(task["error_details"]),
    }


def _progress(task: Mapping[str, Any]) -> str:
    """How far a task is and with what, where it says so."""
    percent, message = task["progress_percent"], format_text(task["progress_message"])
    stated = [] if unknown(percent) else [format_percent(percent)]
    return " · ".join([*stated, *([message] if message else [])])
