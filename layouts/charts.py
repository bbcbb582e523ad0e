"""Charts: what is easier seen than read. They come when somebody opens their panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.aria import aria
from layouts.formats import format_duration
from layouts.statuses import SYMBOLS
from pipelines.models import Pipeline

NAME = "charts"
MARKERS = {"completed": "circle", "failed": "x"}
CONFIG: Any = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}

Figure = dict[str, Any]


def charts(title: str) -> html.Details:
    """The panel, closed and empty: what draws is large, and comes when somebody wants to look."""
    marks: Any = {"data-panel": NAME, "data-open": "false"}
    return html.Details(
        [
            html.Summary(title, id=ids.CHARTS_OPENER),
            html.Div(id=ids.CHARTS),
        ],
        className="panel",
        **marks,
    )


def graphs(figures: Mapping[str, Figure]) -> list[Component]:
    """The panel's content."""
    return [_graph(ids.chart(name), figure) for name, figure in figures.items()]


def _graph(chart: ids.Id, figure: Figure) -> html.Figure:
    title = figure["layout"]["yaxis"]["title"]["text"]
    return html.Figure(
        dcc.Graph(id=chart, figure=figure, config=CONFIG),
        role="group",
        **aria(label=f"{title} over time"),
    )


def task_figures(points: pd.DataFrame, zone: str) -> dict[str, Figure]:
    """Duration and memory of a job's finished tasks, one row each; `zone` is the viewer's."""
    return {
        "duration": _points(points, "seconds", "Task duration (seconds)", zone),
        "memory": _points(points, "peak_memory_mb", "Peak memory of a task (MB)", zone),
    }


def completion_figures(
    pipeline: Pipeline, completions: pd.DataFrame, width: int, zone: str
) -> dict[str, Figure]:
    """The files that each phase completed, one row per phase and span of `width` seconds."""
    traces = []
    for number, phase in enumerate(pipeline.phases, start=1):
        rows = completions[completions["phase"] == phase.id]
        traces.append(
            {
                "type": "bar",
                "name": f"Phase {number}: {phase.name}",
                "x": _local(rows["at"], zone),
                "y": list(rows["files"]),
                "width": width * 1000 / len(pipeline.phases),
                "offset": width * 1000 * (number - 1) / len(pipeline.phases),
            }
        )
    each = format_duration(float(width)).replace(".0s", "s").replace("m 0s", "m")
    return {"completions": {"data": traces, "layout": _layout(f"Files completed in {each}")}}


def _points(points: pd.DataFrame, column: str, title: str, zone: str) -> Figure:
    measured = points[points[column].notna()]
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{SYMBOLS[status]} stage {stage}: {task_type}",
            "x": _local(rows["ended_at"], zone),
            "y": [round(value, 2) for value in rows[column]],
            "marker": {"symbol": MARKERS[status], "size": 6, "opacity": 0.7},
        }
        for (stage, task_type, status), rows in measured.groupby(["stage", "task_type", "status"])
    ]
    return {"data": traces, "layout": _layout(title)}


def _local(timestamps: pd.Series, zone: str) -> list[str]:
    # The browser draws a time as it is written, so it is written in the viewer's zone.
    return list(timestamps.dt.tz_convert(zone).dt.strftime("%Y-%m-%dT%H:%M:%S"))


def _layout(title: str) -> Figure:
    return {
        "height": 280,
        "margin": {"l": 60, "r": 10, "t": 10, "b": 40},
        "paper_bgcolor": "transparent",
        "plot_bgcolor": "transparent",
        "xaxis": {"title": {"text": ""}, "type": "date"},
        "yaxis": {"title": {"text": title}, "rangemode": "tozero"},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.2},
        # A person's zoom outlives the next tick.
        "uirevision": "kept",
    }
