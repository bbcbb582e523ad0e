"""Measures how long the server takes to answer a page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request

from api.metrics import Metrics
from layouts.links import CALLBACKS


def time_callbacks(
    server: Flask, callbacks: Mapping[str, Mapping[str, Any]], metrics: Metrics
) -> None:
    """Measures each callback under its module and name, e.g. refresh.refresh_page.

    `callbacks` is Dash's own table of them, by their outputs.
    """

    def begin() -> None:
        g.began_at = time.perf_counter()

    def end(response: Response) -> Response:
        if request.path == CALLBACKS and "began_at" in g:
            metrics.called(_name(callbacks), time.perf_counter() - g.began_at)
        return response

    server.before_request(begin)
    server.after_request(end)


def _name(callbacks: Mapping[str, Mapping[str, Any]]) -> str:
    """The callback that a request asks for; whatever else it asks for is one name."""
    body = request.get_json(silent=True)
    asked = body.get("output") if isinstance(body, dict) else None
    found = callbacks.get(asked) if isinstance(asked, str) else None
    called = found.get("callback") if found else None
    if called is None:
        return "unknown"
    return f"{called.__module__.rpartition('.')[2]}.{called.__name__}"
