"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from flask import Response


def problem(status: HTTPStatus, detail: str, **members: Any) -> Response:
    """An error answer: what happened, to what, and what to do; `members` are further ones."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return Response(
        orjson.dumps({**body, **members}), status=status, mimetype="application/problem+json"
    )
