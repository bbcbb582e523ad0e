"""The HTTP status of a page: 404 where there is no such page or pipeline."""

from __future__ import annotations

from http import HTTPStatus

from dash import Dash
from flask import Response, request

from callbacks.addresses import missing, read_address
from pipelines.registry import Registry


def register(app: Dash, registry: Registry) -> None:
    """Dash answers every path with its index and 200; this sets 404 for what does not exist."""

    def tell_status(response: Response) -> Response:
        if response.status_code == HTTPStatus.OK and response.mimetype == "text/html":
            address = read_address(request.path, request.query_string.decode("utf-8", "replace"))
            if missing(registry, address):
                response.status_code = HTTPStatus.NOT_FOUND
        return response

    app.server.after_request(tell_status)
