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


def register(app: Dash, services: Services) -> None:
    """Puts the first view into the index page, until the scripts render the page."""
    interpolate: Callable[..., str] = app.interpolate_index

    def with_numbers(**parts: Any) -> str:
        search = request.query_string.decode("utf-8", "replace")
        view = view_of(services, read_address(request.path, search))
        return interpolate(**{**parts, "app_entry": view + parts["app_entry"]})

    # Dash asks its own method for the index, once a request.
    vars(app)["interpolate_index"] = with_numbers


def view_of(services: Services, address: Address) -> str:
    """The HTML of a page's first view; "" before the first read."""
    if missing(services.registry, address):
        return ""
    page = page_of(services, address)
    state = page.read(services, address, False)
    if state.page_values is None:
        return ""
    return first_view(fill(page.build(services, address), state.page_values), state.as_of)
