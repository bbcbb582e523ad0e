"""Opens a page: builds its skeleton once, with the numbers of this moment in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from callbacks.addresses import Address, read_address
from callbacks.pages import page_of
from callbacks.shown import Shown
from callbacks.sights import Sight
from callbacks.sources import Sources
from layouts import ids
from layouts.leaves import Leaves, fill, name_leaves

# The frame around the page, which a navigation and a tick write alike.
FRAME = (
    (ids.AS_OF, "data"),
    (ids.ACTIVE, "data"),
    (ids.PROBLEM, "children"),
    (ids.PROBLEM, "hidden"),
)


def register(app: Dash, sources: Sources, shown: Shown) -> None:
    """A page for every address."""

    @app.callback(
        Output(ids.PAGE, "children"),
        *(Output(*place) for place in FRAME),
        Input(ids.LOCATION, "pathname"),
        Input(ids.LOCATION, "search"),
        State(ids.digest(ALL), "id"),
    )
    def open_page(pathname: str, search: str, stores: list[ids.Id]) -> tuple[Any, ...]:
        address = read_address(pathname, search)
        if is_open(address, [store["digest"] for store in stores]):
            # The same page, narrowed otherwise: the refresh writes what changes.
            return (no_update,) * (1 + len(FRAME))
        page = page_of(sources, address)
        sight = page.look(sources, address, False)
        if sight.leaves is None:
            # The very first reading: a page with numbers is worth the moment it takes.
            sight = page.look(sources, address, True)
        opened = opening(address, page.build(sources, address), sight.leaves, shown)
        return opened, *frame(sight)


def opening(address: Address, page: Component, leaves: Leaves | None, shown: Shown) -> Component:
    """The page as it is sent: its leaves filled and named, with the digest of what it shows."""
    name = f"{address.place}-{uuid4().hex[:8]}"
    digest = None if leaves is None else shown.remember(leaves)
    return html.Div(
        [
            dcc.Store(id=ids.digest(name), data=digest),
            dcc.Store(id=ids.changes(name)),
            name_leaves(fill(page, leaves), name),
        ]
    )


def is_open(address: Address, openings: Sequence[str]) -> bool:
    """Whether the page of an address is among the openings that the browser shows."""
    return any(opening.startswith(f"{address.place}-") for opening in openings)


def frame(sight: Sight) -> tuple[Any, ...]:
    """What stands around the page: time and age, whether jobs run, and the problem."""
    problem = sight.problem or ""
    if problem and sight.as_of:
        problem += ". The numbers are the last ones; this page goes on trying."
    return sight.moments(), sight.active, problem, not problem
