"""The groups of a phase in one state: where a card's number leads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.aria import aria
from layouts.formats import format_bytes, format_text, format_timestamp, known_number, unknown
from layouts.links import Filters, filter_parameter, group_link, job_link, pipeline_link
from layouts.lists import Size, list_values, listed
from layouts.page_values import PageValues
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
            html.Section(
                listed(KEY, _columns(pipeline, phase, state), query, filters), className="panel"
            ),
        ]
    )


def _state(phase: Phase, name: str, state: str) -> Component:
    current = aria(current="page") if name == state else {}
    # dcc.Link takes no aria attributes: what marks the present state stands around it.
    link = dcc.Link(name.capitalize(), href="", id=ids.href(f"{KEY}.{name}"))
    return html.Span(link, className=name, **current)


def _columns(pipeline: Pipeline, phase: Phase, state: str) -> list[Column]:
    columns = [
        Column("group", "Group" if phase.group_key else "File", "key"),
        Column("files", "Files", "count"),
        Column("bytes", "Size"),
        *(Column(_value(g.field), g.label, "value", sortable=False) for g in pipeline.groupings),
    ]
    if phase.has_tasks:
        columns.append(Column("status", "Latest task", sortable=False))
        columns.append(Column("monitor", "Task", "link"))
    if state in ("failed", "processing"):
        columns += [
            Column("error", "Error", "prose", sortable=False),
            Column("ended_at", "Ended", sortable=False),
            Column("retry_count", "Retries", "count", sortable=False),
        ]
    return columns


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
) -> PageValues:
    """The list's values, from one row per group of the page."""
    rows = [_row(pipeline, group) for group in groups.to_dict("records")]
    leads = {
        f"{KEY}.{name}": group_link(pipeline.id, phase.id, name, chosen)
        for name in states(pipeline, phase)
    }
    leads[f"{KEY}.pipeline"] = pipeline_link(pipeline.id, chosen)
    return list_values(KEY, rows, size, options, csv) | PageValues(href=leads)


def _row(pipeline: Pipeline, group: dict[str, Any]) -> dict[str, Any]:
    has_task = not unknown(group["task_id"])
    return {
        "id": group["group"],
        "group": group["group"],
        "files": group["files"],
        "bytes": format_bytes(group["bytes"]),
        **{_value(g.field): format_text(group[_value(g.field)]) for g in pipeline.groupings},
        "status": format_status(group["status"]) if has_task else "",
        "error": format_text(group["error_details"]),
        "ended_at": "" if unknown(group["ended_at"]) else format_timestamp(group["ended_at"]),
        "retry_count": known_number(group["retry_count"]),
        "monitor": f"[{_plain(group['task_id'])}]({_task(group)})" if has_task else "",
    }


def _task(group: dict[str, Any]) -> str:
    return job_link(group["job_id"], group["task_id"])


def _plain(task_id: str) -> str:
    # The cell is Markdown: nothing in an id may act as such.
    return re.sub("[^0-9A-Za-z-]", "", task_id)
