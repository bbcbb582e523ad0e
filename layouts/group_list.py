"""The groups of a phase in one state: where a card's number leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.aria import aria
from layouts.formats import format_moment, unknown
from layouts.leaves import Leaves
from layouts.links import Filters, filter_parameter, group_link, job_link, pipeline_link
from layouts.lists import Size, list_values, listed
from layouts.statuses import format_status
from layouts.tables import Column
from pipelines.models import Phase, Pipeline

KEY = "groups"


def states(pipeline: Pipeline, phase: Phase) -> list[str]:
    """The states whose groups can be listed."""
    names = ["pending", "eligible", "processing", "failed", "completed"]
    first = phase.id == pipeline.phases[0].id
    hidden = {"eligible"} if first else set()
    if not phase.has_tasks:
        hidden |= {"processing", "failed"}
    return [name for name in names if name not in hidden]


def group_list_page(
    pipeline: Pipeline, phase: Phase, state: str, query: Mapping[str, Sequence[str]]
) -> html.Div:
    """The skeleton; `query` is the address's."""
    filters = {filter_parameter(g.field): g.label for g in pipeline.groupings}
    return html.Div(
        [
            dcc.Link(
                f"View Pipeline Dashboard: {pipeline.name}",
                href=pipeline_link(pipeline.id),
                id=ids.href(f"{KEY}.pipeline"),
                className="button",
            ),
            html.H1(
                [
                    f"{phase.name}: {state} groups",
                    html.Span(id=ids.text(f"{KEY}.size"), className="note"),
                ]
            ),
            html.Nav(
                [_state(phase, name, state) for name in states(pipeline, phase)],
                className="states",
                **aria(label="States"),
            ),
            html.Section(listed(KEY, _columns(pipeline, phase), query, filters), className="panel"),
        ]
    )


def _state(phase: Phase, name: str, state: str) -> Component:
    current = aria(current="page") if name == state else {}
    # dcc.Link takes no aria attributes: what marks the present state stands around it.
    link = dcc.Link(name.capitalize(), href="", id=ids.href(f"{KEY}.{name}"))
    return html.Span(link, className=name, **current)


def _columns(pipeline: Pipeline, phase: Phase) -> list[Column]:
    group = [Column("group", "Group" if phase.group_key else "File", "name")]
    counts = [Column("files", "Files", "count"), Column("bytes", "Bytes", "count")]
    values = [Column(_value(g.field), g.label, "name") for g in pipeline.groupings]
    if not phase.has_tasks:
        return [*group, *counts, *values]
    return [
        *group,
        *counts,
        *values,
        Column("status", "Latest task"),
        Column("error", "Error", "prose"),
        Column("ended_at", "Ended"),
        Column("retry_count", "Retries", "count"),
        Column("task", "Task"),
        Column("monitor", "Job", "link"),
    ]


def _value(field: str) -> str:
    return f"by:{field}"


def group_list_values(
    pipeline: Pipeline,
    phase: Phase,
    groups: pd.DataFrame,
    size: Size,
    options: Mapping[str, Mapping[str, int]],
    chosen: Filters,
    csv: str,
) -> Leaves:
    """The list's leaves, from one row a group of the page."""
    rows = [_row(pipeline, group) for group in groups.to_dict("records")]
    leads = {
        f"{KEY}.{name}": group_link(pipeline.id, phase.id, name, chosen)
        for name in states(pipeline, phase)
    }
    leads[f"{KEY}.pipeline"] = pipeline_link(pipeline.id, chosen)
    return list_values(KEY, rows, size, options, csv) | Leaves(href=leads)


def _row(pipeline: Pipeline, group: dict[str, Any]) -> dict[str, Any]:
    job = group["job_id"]
    return {
        "id": group["group"],
        "group": group["group"],
        "files": group["files"],
        "bytes": group["bytes"],
        **{_value(g.field): group[_value(g.field)] for g in pipeline.groupings},
        "status": "" if unknown(group["status"]) else format_status(group["status"]),
        "error": _text(group["error_details"]),
        "ended_at": "" if unknown(group["ended_at"]) else format_moment(group["ended_at"]),
        "retry_count": None if unknown(group["retry_count"]) else group["retry_count"],
        "task": _text(group["task_id"]),
        "monitor": "" if unknown(job) else f"[Monitor]({job_link(job)})",
    }


def _text(value: Any) -> str:
    return "" if unknown(value) else str(value)
