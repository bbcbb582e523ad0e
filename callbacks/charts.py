"""The charts of a job or a pipeline: rendered when they are opened, and refreshed from then on."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate

from callbacks.addresses import Address, read_address
from callbacks.services import Services
from layouts import ids
from layouts.charts import Figure, completion_figures, graphs, task_figures
from layouts.links import JOB_PAGE, TYPE
from queries.completions import completion_query
from queries.snapshot import stored_values


def register(app: Dash, services: Services) -> None:
    """The charts of the page in the address."""

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
        figures = figures_of(services, read_address(pathname, search), valid_zone(zone))
        return no_update if figures is None else graphs(figures)

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
        address = read_address(pathname, search)
        figures = figures_of(services, address, valid_zone(zone)) if asked else None
        return [(figures or {}).get(name, no_update) for name in asked]


def valid_zone(zone: str | None) -> str:
    """The viewer's time zone, or UTC if this machine does not know it."""
    try:
        return ZoneInfo(zone or "UTC").key
    except (LookupError, ValueError, OSError):
        return "UTC"


def figures_of(services: Services, address: Address, zone: str) -> dict[str, Figure] | None:
    """The figures of the page at an address; None without data."""
    if address.path == JOB_PAGE:
        found = services.queries.found.latest(address.one("job_id")).value or ()
        points = services.queries.points.latest(found[0]).value if len(found) == 1 else None
        return None if points is None else task_figures(points, zone)
    pipeline = services.registry.get(address.one(TYPE))
    snapshot = services.snapshots.latest(pipeline.id).value if pipeline else None
    if pipeline is None or snapshot is None:
        return None
    chosen = address.filters(pipeline)
    query = completion_query(snapshot.narrowed(chosen), stored_values(snapshot, chosen))
    completions = services.queries.completions.latest(query).value
    if completions is None:
        return None
    return completion_figures(pipeline, completions, query.width, zone)
