"""The API over a test's database, without a browser or a port."""

from __future__ import annotations

from typing import Any

from dash import Dash, html
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

import api
from access import guard
from access.audit import Audit
from access.policy import Policy
from api.metrics import Metrics
from jobs.actions import Actions
from jobs.runner_queue import RunnerQueue
from pipelines.registry import Registry
from queries.reader import Reader
from queries.snapshot import read_snapshot
from queries.snapshots import Snapshots
from tests.catalog import JOB_TYPES, STORAGE
from tests.dashboards import LOCAL


class Api:
    """Asks the API, which stands beside Dash's own routes as in the real server."""

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        timeout: float = 10,
        policy: Policy = LOCAL,
    ) -> None:
        metrics = Metrics()
        self.snapshots = Snapshots(registry, lambda one: read_snapshot(engine, one, 10), 1, metrics)
        reading = metrics.timed(engine).execution_options(query="api")
        self.reader = Reader(reading, timeout, observer=metrics)
        dash = Dash(__name__)
        dash.layout = html.Div()
        guard.register(dash.server, policy)
        api.register(
            dash.server,
            registry=registry,
            snapshots=self.snapshots,
            reader=self.reader,
            actions=Actions(
                registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE), Audit(engine)
            ),
            metrics=metrics,
        )
        self.client: FlaskClient = dash.server.test_client()

    def renew(self) -> None:
        """Reads FATHOM's numbers."""
        self.snapshots.renew("fathom")

    def get(self, path: str, **query: Any) -> TestResponse:
        """The answer to a question; a list is a repeated parameter."""
        return self.client.get(path, query_string=query or None)

    def json(self, path: str, **query: Any) -> dict[str, Any]:
        """The JSON of a good answer."""
        answer = self.get(path, **query)
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def refused(self, path: str, status: int, **query: Any) -> dict[str, Any]:
        """The problem details of a bad answer."""
        answer = self.get(path, **query)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        body: dict[str, Any] = answer.get_json()
        assert body["status"] == status
        return body
