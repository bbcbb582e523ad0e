"""Refreshes the page: writes its leaves, never its tree, and nothing that did not change."""

from __future__ import annotations

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from callbacks.navigate import FRAME, frame
from callbacks.sights import Sight, look, read_address
from callbacks.sources import Sources
from layouts import ids


def register(app: Dash, sources: Sources) -> None:
    """The tick, the Refresh button, and what the browser does by itself."""

    @app.callback(
        *(Output({kind: ALL}, property_) for kind, property_ in ids.LEAVES.items()),
        *FRAME,
        Input(ids.TICK, "n_intervals"),
        Input(ids.REFRESH, "n_clicks"),
        Input(ids.SUBMITTED, "data"),
        State(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
        State(ids.VERSION, "data"),
        prevent_initial_call=True,
    )
    def refresh_page(
        _tick: int, _clicks: int, _submitted: str, pathname: str, search: str, version: str
    ) -> tuple[Any, ...]:
        # A person who has just clicked wants to see what came of it.
        renew = ctx.triggered_id in (ids.REFRESH, ids.SUBMITTED)
        sight = look(sources, read_address(pathname, search), renew=renew)
        asked = ctx.outputs_list[: len(ids.LEAVES)]
        changed = sight.version != version
        return *(_values(kind, sight, changed) for kind in asked), *frame(sight)

    app.clientside_callback(
        ClientsideFunction("monitor", "age"),
        Output(ids.AGE, "children"),
        Output(ids.AGE, "title"),
        Input(ids.SECOND, "n_intervals"),
        Input(ids.AS_OF, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("monitor", "pace"),
        Output(ids.TICK, "interval"),
        Output(ids.TICK, "disabled"),
        Input(ids.AUTO, "value"),
        Input(ids.ACTIVE, "data"),
    )


def _values(asked: list[dict[str, Any]], sight: Sight, changed: bool) -> list[Any]:
    """The values of one kind of leaves, in the order that the page asks for them."""
    if not changed or sight.leaves is None:
        return [no_update] * len(asked)
    return [_value(sight, leaf["id"]) for leaf in asked]


def _value(sight: Sight, leaf_id: dict[str, str]) -> Any:
    assert sight.leaves is not None
    try:
        return sight.leaves.value(leaf_id)
    except KeyError:
        # The page has gone on to another address since this tick was sent.
        return no_update
