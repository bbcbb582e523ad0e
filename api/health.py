"""`GET /healthz`: whether this process serves. It asks nothing else, not even the database."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify


def health() -> Blueprint:
    """The blueprint of the health check."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    return blueprint
