"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoRoute

from pipelines.errors import MonitorError
from queries.reader import ReadError

ROOT = "/api/"
# Below it are pages, for people.
PAGES = "/api/interface/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Problem(MonitorError):
    """A question that gets an error for an answer: its status, what happened and what to do.

    `members` are further members of the problem details.
    """

    def __init__(self, status: HTTPStatus, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.members = status, detail, members


def problem(status: HTTPStatus, detail: str, **members: Any) -> Response:
    """An error answer: what happened, to what, and what to do; `members` are further ones."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return Response(
        orjson.dumps({**body, **members}), status=status, mimetype="application/problem+json"
    )


def register_problems(server: Flask) -> None:
    """Makes every error below /api/ problem details; what pages answer stays as it is."""
    server.register_error_handler(Problem, problem_response)
    server.register_error_handler(ReadError, _read_error_response)
    server.register_error_handler(HTTPException, _refused)
    server.before_request(_no_page)


def problem_response(error: Problem) -> Response:
    """The answer that a Problem stands for."""
    return problem(error.status, error.detail, **error.members)


def _read_error_response(error: ReadError) -> Response:
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}. Try again in a few seconds")


def _refused(error: HTTPException) -> Response | HTTPException:
    if not _ours(request.path):
        return error
    if isinstance(error, NoRoute | MethodNotAllowed):
        return _no_such_endpoint()
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return problem(status, error.description or status.phrase)


def _no_page() -> Response | None:
    """Dash answers every path that nobody else knows with its page: not below /api/."""
    found = request.url_rule is not None and _ours(request.url_rule.rule)
    return _no_such_endpoint() if _ours(request.path) and not found else None


def _no_such_endpoint() -> Response:
    allowed = [method for method in METHODS if _endpoint(method)]
    if not allowed:
        detail = f"There is no {request.path}; /api/openapi.json describes what there is"
        return problem(HTTPStatus.NOT_FOUND, detail)
    expected = " or ".join(allowed)
    detail = f"{request.path} does not take {request.method}; expected: {expected}"
    response = problem(HTTPStatus.METHOD_NOT_ALLOWED, detail)
    response.headers["Allow"] = ", ".join(allowed)
    return response


def _endpoint(method: str) -> bool:
    """Whether this path has an endpoint of ours for a method."""
    adapter = current_app.url_map.bind("")
    try:
        rule, _ = adapter.match(request.path, method=method, return_rule=True)
    except HTTPException:
        return False
    return _ours(rule.rule)


def _ours(path: str) -> bool:
    return path.startswith(ROOT) and not f"{path}/".startswith(PAGES)
