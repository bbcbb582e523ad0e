"""`GET /healthz`: whether this process serves. `GET /readyz`: whether it has numbers to show.

Neither asks anybody else, not even the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from flask import Blueprint, Response, jsonify

from queries.snapshots import Snapshots


def health(pipeline_ids: Iterable[str], snapshots: Snapshots) -> Blueprint:
    """The blueprint of the checks."""
    blueprint = Blueprint("health", __name__)
    ids = list(pipeline_ids)

    @blueprint.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @blueprint.get("/readyz")
    def readyz() -> tuple[Response, HTTPStatus]:
        # One is enough: a pipeline whose tables are missing keeps nobody from the others.
        if any(snapshots.has_read(name) for name in ids):
            return jsonify(status="ready"), HTTPStatus.OK
        return jsonify(status="no numbers were read yet"), HTTPStatus.SERVICE_UNAVAILABLE

    return blueprint
