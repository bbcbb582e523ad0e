"""A job's charts: drawn when somebody opens them, and renewed while they are open."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from callbacks.addresses import read_address
from callbacks.sources import Sources
from layouts import ids
from layouts.charts import drawn, figures


def register(app: Dash, sources: Sources) -> None:
    """The charts of the job in the address."""

    @app.callback(
        Output(ids.CHARTS, "children"),
        Input(ids.CHARTS_OPENER, "n_clicks"),
        State(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
        State(ids.ZONE, "data"),
        prevent_initial_call=True,
    )
    def draw(clicks: int | None, pathname: str, search: str, zone: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        points = _points(sources, read_address(pathname, search).one("job_id"))
        return no_update if points is None else drawn(points, known_zone(zone))

    @app.callback(
        Output(ids.chart(ALL), "figure"),
        Input(ids.AS_OF, "data"),
        State(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
        State(ids.ZONE, "data"),
        prevent_initial_call=True,
    )
    def renew(_as_of: Any, pathname: str, search: str, zone: str | None) -> list[Any]:
        asked = [output["id"]["chart"] for output in ctx.outputs_list]
        points = _points(sources, read_address(pathname, search).one("job_id")) if asked else None
        if points is None:
            return [no_update] * len(asked)
        renewed = figures(points, known_zone(zone))
        return [renewed[name] for name in asked]


def known_zone(zone: str | None) -> str:
    """The viewer's time zone, or UTC for one that this machine does not know."""
    try:
        return ZoneInfo(zone or "UTC").key
    except (ValueError, OSError):
        return "UTC"


def _points(sources: Sources, job_id: str) -> pd.DataFrame | None:
    return sources.readings.points.latest(job_id).value
