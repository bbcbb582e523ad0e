"""A job's finished tasks over time: how long they took, and how much memory."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.aria import aria
from layouts.statuses import SYMBOLS

NAME = "charts"
MARKERS = {"completed": "circle", "failed": "x"}
CONFIG: Any = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def charts() -> html.Details:
    """The panel, closed and empty: what draws is large, and comes when somebody wants to look."""
    marks: Any = {"data-panel": NAME, "data-open": "false"}
    return html.Details(
        [
            html.Summary("Duration and memory of tasks", id=ids.CHARTS_OPENER),
            html.Div(id=ids.CHARTS),
        ],
        className="panel",
        **marks,
    )


def drawn(points: pd.DataFrame, zone: str) -> list[Component]:
    """The charts' content, from one row a finished task; `zone` is the viewer's."""
    if points.empty:
        return [html.P("No task has finished yet.", className="note")]
    return [
        _graph(ids.chart("duration"), _figure(points, "seconds", "Duration (seconds)", zone)),
        _graph(ids.chart("memory"), _figure(points, "peak_memory_mb", "Peak memory (MB)", zone)),
    ]


def figures(points: pd.DataFrame, zone: str) -> dict[str, dict[str, Any]]:
    """The figure of each chart, for charts that are drawn already."""
    return {
        "duration": _figure(points, "seconds", "Duration (seconds)", zone),
        "memory": _figure(points, "peak_memory_mb", "Peak memory (MB)", zone),
    }


def _graph(chart: ids.Id, figure: dict[str, Any]) -> html.Figure:
    title = figure["layout"]["yaxis"]["title"]["text"]
    return html.Figure(
        dcc.Graph(id=chart, figure=figure, config=CONFIG),
        role="group",
        **aria(label=f"{title} of the tasks over time"),
    )


def _figure(points: pd.DataFrame, column: str, title: str, zone: str) -> dict[str, Any]:
    # The browser draws a time as it is written, so it is written in the viewer's zone.
    ended = points["ended_at"].dt.tz_convert(zone).dt.strftime("%Y-%m-%dT%H:%M:%S")
    known = points.assign(ended=ended)[points[column].notna()]
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{SYMBOLS[status]} stage {stage}: {task_type}",
            "x": list(rows["ended"]),
            "y": [round(value, 2) for value in rows[column]],
            "marker": {"symbol": MARKERS[status], "size": 6, "opacity": 0.7},
        }
        for (stage, task_type, status), rows in known.groupby(["stage", "task_type", "status"])
    ]
    return {"data": traces, "layout": _layout(title)}


def _layout(title: str) -> dict[str, Any]:
    return {
        "height": 280,
        "margin": {"l": 60, "r": 10, "t": 10, "b": 40},
        "paper_bgcolor": "transparent",
        "plot_bgcolor": "transparent",
        "xaxis": {"title": {"text": ""}},
        "yaxis": {"title": {"text": title}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": -0.2},
        # A person's zoom outlives the next tick.
        "uirevision": "kept",
    }
