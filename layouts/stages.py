"""The stages of a job, one row each."""

from __future__ import annotations

import pandas as pd
from dash.development.base_component import Component

from layouts.formats import cap_percent, format_duration, format_memory, format_rate
from layouts.leaves import Leaves
from layouts.tables import Column, table

KEY = "stages"
COUNTS = ("tasks", "pending", "queued", "processing", "completed", "failed", "other")


def stage_table() -> Component:
    """The table without rows."""
    return table(
        KEY,
        [
            Column("stage", "Stage", "count"),
            Column("task_type", "Task type"),
            *(Column(name, name.capitalize(), "count") for name in COUNTS),
            Column("percent", "Done", "percent"),
            Column("rate", "Rate"),
            Column("eta", "ETA"),
            Column("average", "Avg time"),
            Column("p95", "p95"),
            Column("memory", "Peak memory"),
        ],
    )


def stage_values(stages: pd.DataFrame) -> Leaves:
    """The rows, from one row a stage."""
    rows = [
        {
            **{name: stage[name] for name in ("stage", "task_type", *COUNTS)},
            "id": stage["stage"],
            "percent": cap_percent(stage["percent"]),
            "rate": format_rate(stage["rate_per_minute"], "min"),
            "eta": format_duration(stage["eta_seconds"] or None),
            "average": format_duration(stage["average_seconds"]),
            "p95": format_duration(stage["p95_seconds"]),
            "memory": format_memory(stage["peak_memory_mb"]),
        }
        for stage in stages.to_dict("records")
    ]
    return Leaves(table={KEY: rows})
