"""Opens a page: builds its skeleton once, with the current numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from callbacks.addresses import Address, read_address
from callbacks.page_state import PageState
from callbacks.pages import page_of
from callbacks.sent_values import SentValues
from callbacks.services import Services
from layouts import ids
from layouts.page_values import PageValues, fill, name_slots

# The frame around the page, which a navigation and a tick write alike.
HEADER = (
    (ids.AS_OF, "data"),
    (ids.ACTIVE, "data"),
    (ids.PROBLEM, "children"),
    (ids.PROBLEM, "hidden"),
)


def register(app: Dash, services: Services, sent: SentValues) -> None:
    """A page for every address."""

    @app.callback(
        Output(ids.PAGE, "children"),
        *(Output(*place) for place in HEADER),
        Input(ids.LOCATION, "pathname"),
        Input(ids.LOCATION, "search"),
        State(ids.digest(ALL), "id"),
    )
    def open_page(pathname: str, search: str, stores: list[ids.Id]) -> tuple[Any, ...]:
        address = read_address(pathname, search)
        if is_open(address, [store["digest"] for store in stores]):
            # The same page, narrowed otherwise: the refresh writes what changes.
            return (no_update,) * (1 + len(HEADER))
        page = page_of(services, address)
        state = page.read(services, address, False)
        if state.page_values is None:
            # The very first reading: a page with numbers is worth the moment it takes.
            state = page.read(services, address, True)
        opened = opening(address, page.build(services, address), state.page_values, sent)
        return opened, *header_values(state)


def opening(
    address: Address, page: Component, page_values: PageValues | None, sent: SentValues
) -> Component:
    """The page as it is sent: its slots filled and named, with the digest of their values."""
    name = f"{address.place}-{uuid4().hex[:8]}"
    digest = None if page_values is None else sent.remember(page_values)
    return html.Div(
        [
            dcc.Store(id=ids.digest(name), data=digest),
            dcc.Store(id=ids.changes(name)),
            name_slots(fill(page, page_values), name),
        ]
    )


def is_open(address: Address, openings: Sequence[str]) -> bool:
    """Whether the browser shows the page of an address already."""
    return any(opening.startswith(f"{address.place}-") for opening in openings)


def header_values(state: PageState) -> tuple[Any, ...]:
    """The values of the page's header: time and age, whether jobs run, and the problem."""
    problem = state.problem or ""
    if problem and state.as_of:
        problem += ". Showing the last known numbers; retrying."
    return state.timestamps(), state.active, problem, not problem
