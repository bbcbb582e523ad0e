"""Refreshes the page: writes its leaves, never its tree, and nothing that did not change."""

from __future__ import annotations

from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, no_update

from callbacks.addresses import read_address
from callbacks.navigate import FRAME, frame, is_open
from callbacks.pages import page_of
from callbacks.shown import Shown, changes
from callbacks.sources import Sources
from layouts import ids
from layouts.leaves import Leaves


def register(app: Dash, sources: Sources, shown: Shown) -> None:
    """The tick, the Refresh button, and another filter."""

    @app.callback(
        *(Output({name: ALL}, property_) for name, property_ in ids.LEAVES.values()),
        Output(ids.digest(ALL), "data"),
        *FRAME,
        Input(ids.TICK, "n_intervals"),
        Input(ids.REFRESH, "n_clicks"),
        Input(ids.SUBMITTED, "data"),
        Input(ids.LOCATION, "search"),
        State(ids.LOCATION, "pathname"),
        State(ids.digest(ALL), "id"),
        State(ids.digest(ALL), "data"),
        prevent_initial_call=True,
    )
    def refresh_page(
        _tick: int,
        _clicks: int,
        _submitted: str,
        search: str,
        pathname: str,
        stores: list[ids.Id],
        digests: list[str | None],
    ) -> tuple[Any, ...]:
        asked = ctx.outputs_list[: len(ids.LEAVES)]
        unchanged = [[no_update] * len(outputs) for outputs in asked]
        address = read_address(pathname, search)
        if not is_open(address, stores):
            # The browser is on its way to another page.
            return *unchanged, [no_update] * len(stores), *(no_update for _ in FRAME)
        # A person who has just clicked wants to see what came of it.
        renew = ctx.triggered_id in (ids.REFRESH, ids.SUBMITTED)
        sight = page_of(sources, address).look(sources, address, renew)
        if sight.leaves is None or sight.leaves.digest == digests[0]:
            return *unchanged, [no_update], *frame(sight)
        values = _changes(asked, sight.leaves, shown.recall(digests[0]))
        return *values, [shown.remember(sight.leaves)], *frame(sight)


def _changes(asked: list[Any], now: Leaves, before: Leaves | None) -> list[list[Any]]:
    """What each kind of leaves is to be, in the order of the callback's outputs."""
    return [
        changes(outputs, kind, now, before) for outputs, kind in zip(asked, ids.LEAVES, strict=True)
    ]
