"""Refreshes the page: writes the slots whose values changed, and never the page's structure."""

from __future__ import annotations

from typing import Any

import orjson
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from callbacks.addresses import read_address
from callbacks.navigate import HEADER, header_values, is_open
from callbacks.page_state import PageState
from callbacks.pages import page_of
from callbacks.sent_values import SentValues, diff
from callbacks.services import Services
from layouts import ids
from layouts.page_values import PageValues


def register(app: Dash, services: Services, sent: SentValues) -> None:
    """Refreshes at a tick, at the Refresh button, and for another filter."""

    # One output for all page values: to name each of them, a tick would send seven times as much.
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
        timestamps: dict[str, Any] | None,
    ) -> list[Any]:
        openings = [output["id"]["changes"] for output in ctx.outputs_list]
        address = read_address(pathname, search)
        if not is_open(address, openings):
            # The browser is on its way to another page.
            return [no_update] * len(openings)
        # A person who has just clicked wants to see what came of it.
        renew = ctx.triggered_id in (ids.REFRESH, ids.SUBMITTED)
        page = page_of(services, address)
        state = page.read(services, address, renew)
        if state.is_behind(timestamps):
            if ctx.triggered_id != ids.LOCATION:
                return [{"header": problem_only(state)}]
            # Who narrows the page wants to see that, but no older numbers than before.
            state = page.read(services, address, True)
        return [written(services, sent, state, digests[0])]

    app.clientside_callback(
        ClientsideFunction("spread", "write"),
        Output(ids.digest(ALL), "data"),
        Input(ids.changes(ALL), "data"),
        State(ids.digest(ALL), "data"),
        prevent_initial_call=True,
    )


def problem_only(state: PageState) -> list[list[Any]]:
    """The header for a page that has newer numbers than this process: it keeps them.

    So it is where the thing itself is gone, though not where the page never had any numbers.
    """
    if state.gone:
        return [[ids.PROBLEM, "children", state.gone], [ids.PROBLEM, "hidden", False]]
    places = zip(HEADER, header_values(state), strict=True)
    return [[*place, value] for place, value in places if place[0] == ids.PROBLEM]


def written(
    services: Services, sent: SentValues, state: PageState, digest: str | None
) -> dict[str, Any]:
    """What assets/spread.js writes into a page that has the values of a digest.

    header: an id, a property and a value each; and if the page values differ, `values`: what
    `diff` gives, `before`: the digest on which that builds (none: on nothing), and `now`: the
    new one.
    """
    header = [[*place, value] for place, value in zip(HEADER, header_values(state), strict=True)]
    page_values = state.page_values
    if page_values is None or page_values.digest == digest:
        return {"header": header}
    now = sent.remember(page_values)
    # Pages that show the same are told the same.
    payload = services.diffs.get((digest, now), lambda: _payload(sent, page_values, digest))
    return {"header": header, **payload}


def _payload(sent: SentValues, page_values: PageValues, digest: str | None) -> dict[str, Any]:
    before = sent.recall(digest)
    return {
        # As it is sent: it is kept small, and written once for all.
        "values": orjson.Fragment(orjson.dumps(diff(page_values, before))),
        "before": None if before is None else digest,
        "now": page_values.digest,
    }
