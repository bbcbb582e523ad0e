"""Whatever is sent to the callbacks gets a clear answer."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient

from callbacks.payloads import Unexpected, check_payload
from layouts.links import CALLBACKS
from tests.fuzz.payloads import callbacks_of, payloads

CASES = 500
PAGE = "..page.children...as-of.data...active.data...problem.children...problem.hidden.."


@pytest.fixture
def client(dashboard: Dash) -> FlaskClient:
    """A client of the dashboard whose errors are answers, as a server's are."""
    dashboard.server.config["PROPAGATE_EXCEPTIONS"] = False
    return dashboard.server.test_client()


@pytest.fixture
def asked(client: FlaskClient) -> dict[str, Any]:
    """What a browser sends for the first page."""
    client.get("/")
    outputs = [part.rsplit(".", 1) for part in PAGE.strip(".").split("...")]
    return {
        "output": PAGE,
        "outputs": [{"id": name, "property": property_} for name, property_ in outputs],
        "inputs": [
            {"id": "location", "property": "pathname", "value": "/"},
            {"id": "location", "property": "search", "value": ""},
        ],
        "state": [[]],
        "changedPropIds": ["location.pathname"],
    }


def send(client: FlaskClient, payload: Any) -> tuple[int, str]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    answer = client.post(CALLBACKS, data=body, content_type="application/json")
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.parametrize("seed", range(2))
def test_odd_payloads_are_refused_and_break_nothing(
    client: FlaskClient, dashboard: Dash, seed: int
) -> None:
    statuses: Counter[int] = Counter()
    for body in islice(payloads(callbacks_of(dashboard, client), seed), CASES // 2):
        status, text = send(client, body)
        statuses[status] += 1
        assert status < 500, body[:2000]
        assert "Traceback" not in text
    # Both are tried: what is refused, and what is answered.
    assert min(statuses[200] + statuses[204], statuses[400]) > CASES // 20


def test_what_a_page_sends_is_answered(client: FlaskClient, asked: dict[str, Any]) -> None:
    assert send(client, asked)[0] == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"output": "nothing.children"}, "output: expected the one of a callback"),
        ({"output": None}, "output"),
        ({"inputs": []}, "inputs: expected a list of 2"),
        ({"inputs": "x"}, "inputs"),
        ({"inputs": [1, 2]}, "inputs: location.pathname"),
        ({"state": None}, "state"),
        ({"outputs": []}, "outputs: expected a list of 5"),
        ({"changedPropIds": [1]}, "changedPropIds"),
        ({"more": {"a": ["\ud800"]}}, "without half characters"),
        ({"more": "\0"}, "NUL"),
    ],
)
def test_a_refusal_names_the_part(
    client: FlaskClient, asked: dict[str, Any], change: dict[str, Any], named: str
) -> None:
    status, text = send(client, {**asked, **change})
    assert (status, named in text) == (400, True)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"1" * 9999, b"\xff"])
def test_what_is_no_payload_is_refused(client: FlaskClient, body: bytes) -> None:
    assert send(client, body)[0] == 400


def test_a_value_of_another_kind_is_refused(client: FlaskClient, asked: dict[str, Any]) -> None:
    for odd in (1, [], {}, True, 1e308):
        asked["inputs"][1]["value"] = odd
        status, text = send(client, asked)
        assert (status, "location.search" in text) == (400, True)


def test_no_payload_is_too_deep_to_be_looked_at() -> None:
    deep: Any = "x"
    for _ in range(1000):
        deep = [deep]
    with pytest.raises(Unexpected, match="at most 32 levels"):
        check_payload({"output": deep}, {})


@pytest.mark.parametrize(
    "path",
    [
        "/_dash-component-suites/",
        "/_dash-component-suites/nothing",
        "/_dash-component-suites/nothing/x.js",
        "/_dash-component-suites/dash/../../x",
        "/_dash-component-suites/dash/%00",
        "/_dash-component-suites/dash/%0a",
        "/_dash-component-suites//dash/x.js",
        "/_dash-component-suites/dash/deps/nothing.js",
        "/_dash-component-suites/dash/__init__.py",
        "/assets/%00",
        "/assets/nothing",
    ],
)
def test_a_script_that_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
