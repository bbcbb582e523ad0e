"""Refreshes the page: writes its leaves, never its tree, and nothing that did not change."""

from __future__ import annotations

from typing import Any

import orjson
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from callbacks.addresses import read_address
from callbacks.navigate import FRAME, frame, is_open
from callbacks.pages import page_of
from callbacks.shown import Shown, changes
from callbacks.sights import Sight
from callbacks.sources import Sources
from layouts import ids
from layouts.leaves import Leaves


def register(app: Dash, sources: Sources, shown: Shown) -> None:
    """The tick, the Refresh button, and another filter."""

    # One output for all leaves: to name each of them, a tick would send seven times as much.
    @app.callback(
        Output(ids.changes(ALL), "data"),
        Input(ids.TICK, "n_intervals"),
        Input(ids.REFRESH, "n_clicks"),
        Input(ids.SUBMITTED, "data"),
        Input(ids.LOCATION, "search"),
        State(ids.LOCATION, "pathname"),
        State(ids.digest(ALL), "data"),
        State(ids.AS_OF, "data"),
        prevent_initial_call=True,
    )
    def refresh_page(
        _tick: int,
        _clicks: int,
        _submitted: str,
        search: str,
        pathname: str,
        digests: list[str | None],
        moments: dict[str, Any] | None,
    ) -> list[Any]:
        openings = [output["id"]["changes"] for output in ctx.outputs_list]
        address = read_address(pathname, search)
        if not is_open(address, openings):
            # The browser is on its way to another page.
            return [no_update] * len(openings)
        # A person who has just clicked wants to see what came of it.
        renew = ctx.triggered_id in (ids.REFRESH, ids.SUBMITTED)
        page = page_of(sources, address)
        sight = page.look(sources, address, renew)
        if sight.is_behind(moments):
            if ctx.triggered_id != ids.LOCATION:
                return [{"frame": problem_alone(sight)}]
            # Who narrows the page wants to see that, but no older numbers than before.
            sight = page.look(sources, address, True)
        return [written(sources, shown, sight, digests[0])]

    app.clientside_callback(
        ClientsideFunction("spread", "write"),
        Output(ids.digest(ALL), "data"),
        Input(ids.changes(ALL), "data"),
        State(ids.digest(ALL), "data"),
        prevent_initial_call=True,
    )


def problem_alone(sight: Sight) -> list[list[Any]]:
    """What a page is told that shows newer numbers than this process has: to keep them.

    So it is where the thing itself is gone, though not where the page never had any numbers.
    """
    if sight.gone:
        return [[ids.PROBLEM, "children", sight.gone], [ids.PROBLEM, "hidden", False]]
    places = zip(FRAME, frame(sight), strict=True)
    return [[*place, value] for place, value in places if place[0] == ids.PROBLEM]


def written(sources: Sources, shown: Shown, sight: Sight, digest: str | None) -> dict[str, Any]:
    """What assets/spread.js writes into a page that shows the leaves of a digest.

    frame: an id, a property and a value each; and if the leaves differ, `leaves`: what
    `changes` gives, `before`: the digest on which that builds (none: on nothing), and `now`: the
    new one.
    """
    around = [[*place, value] for place, value in zip(FRAME, frame(sight), strict=True)]
    leaves = sight.leaves
    if leaves is None or leaves.digest == digest:
        return {"frame": around}
    now = shown.remember(leaves)
    # Pages that show the same are told the same.
    told = sources.told.get((digest, now), lambda: _told(shown, leaves, digest))
    return {"frame": around, **told}


def _told(shown: Shown, leaves: Leaves, digest: str | None) -> dict[str, Any]:
    before = shown.recall(digest)
    return {
        # As it is sent: it is kept small, and written once for all.
        "leaves": orjson.Fragment(orjson.dumps(changes(leaves, before))),
        "before": None if before is None else digest,
        "now": leaves.digest,
    }
