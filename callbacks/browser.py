"""What the browser does by itself, in assets/, without asking the server."""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Dash, Input, Output

from layouts import ids, tables


def register(app: Dash) -> None:
    """The age of the numbers, the refresh interval, and what the address holds."""
    app.clientside_callback(
        ClientsideFunction("page", "age"),
        Output(ids.AGE, "children"),
        Output(ids.AGE, "title"),
        Input(ids.SECOND, "n_intervals"),
        Input(ids.AS_OF, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("page", "interval"),
        Output(ids.TICK, "interval"),
        Output(ids.TICK, "disabled"),
        Input(ids.AUTO, "value"),
        Input(ids.ACTIVE, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("address", "filter"),
        Output(ids.options(ALL), "value"),
        Input(ids.LOCATION, "search"),
        Input(ids.options(ALL), "value"),
    )
    app.clientside_callback(
        ClientsideFunction("address", "auto"),
        Output(ids.AUTO, "value"),
        Input(ids.LOCATION, "search"),
        Input(ids.AUTO, "value"),
    )
    app.clientside_callback(
        ClientsideFunction("address", "list"),
        Output(ids.listing(ALL), tables.PAGE),
        Output(ids.listing(ALL), tables.ORDER),
        Output(ids.search(ALL), "value"),
        Input(ids.LOCATION, "search"),
        Input(ids.listing(ALL), tables.PAGE),
        Input(ids.listing(ALL), tables.ORDER),
        Input(ids.search(ALL), "value"),
    )
    app.clientside_callback(
        "() => Intl.DateTimeFormat().resolvedOptions().timeZone",
        Output(ids.ZONE, "data"),
        Input(ids.LOCATION, "pathname"),
    )
