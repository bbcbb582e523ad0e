"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from flask import Response


def problem(status: HTTPStatus, detail: str) -> Response:
    """An error answer: what happened, to what, and what to do."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return Response(orjson.dumps(body), status=status, mimetype="application/problem+json")
