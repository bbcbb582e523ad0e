"""The first response: a page's HTML has its numbers before any script has loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Dash
from flask import request

from callbacks.addresses import Address, missing, read_address
from callbacks.pages import page_of
from callbacks.services import Services
from layouts.first_view import first_view
from layouts.page_values import fill


class Dashboard(Dash):
    """Dash whose index page shows `first_view()` until the scripts render the page."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.first_view: Callable[[], str] = str

    def interpolate_index(self, *args: Any, **sections: Any) -> str:
        """The index page of a request; Dash has subclasses override it."""
        sections["app_entry"] = self.first_view() + sections["app_entry"]
        index: str = super().interpolate_index(*args, **sections)  # type: ignore[no-untyped-call]
        return index


def register(app: Dashboard, services: Services) -> None:
    """Puts the view of the page that a request asks for into the index page."""

    def first_view() -> str:
        search = request.query_string.decode("utf-8", "replace")
        return view_of(services, read_address(request.path, search))

    app.first_view = first_view


def view_of(services: Services, address: Address) -> str:
    """The HTML of a page's first view; "" before the first read."""
    if missing(services.registry, address):
        return ""
    page = page_of(services, address)
    state = page.read(services, address, False)
    if state.page_values is None:
        return ""
    return first_view(fill(page.build(services, address), state.page_values), state.as_of)
