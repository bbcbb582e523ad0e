"""What answers tell the browser, so that only our scripts run and nobody frames a page."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from dash import Dash

from access.clients import networks
from access.headers import DATA_HEADERS, HEADERS
from access.policy import Policy
from app import bare_app
from layouts.links import pipeline_link

PAGES = ["/", pipeline_link("fathom"), "/nothing/here", "/assets/icon.svg", "/assets/page.js"]
DATA = ["/_dash-dependencies", "/_dash-layout"]
PROXY = "10.0.0.2"


@pytest.mark.parametrize("path", PAGES)
def test_what_a_browser_may_show_has_the_headers(dashboard: Dash, path: str) -> None:
    with dashboard.server.test_client().get(path) as answer:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", DATA)
def test_data_may_do_nothing_at_all(dashboard: Dash, path: str) -> None:
    answer = dashboard.server.test_client().get(path)
    assert answer.mimetype == "application/json"
    assert {name: answer.headers[name] for name in DATA_HEADERS} == DATA_HEADERS
    assert "script-src" not in str(answer.headers)


def test_refusals_have_them_too(dashboard: Dash) -> None:
    answer = dashboard.server.test_client().get("/", headers={"Host": "evil.example"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in answer.headers


def test_only_scripts_of_ours_run(dashboard: Dash) -> None:
    answer = dashboard.server.test_client().get(pipeline_link("fathom"))
    (scripts,) = re.findall(r"script-src ([^;]*)", answer.headers["Content-Security-Policy"])
    assert "unsafe" not in scripts
    inline = re.findall(r"<script(?![^>]*(?:src=|json))[^>]*>(.*?)</script>", answer.text, re.S)
    assert len(inline) >= 3
    for script in inline:
        assert b64encode(sha256(script.encode()).digest()).decode() in scripts


@pytest.mark.parametrize(
    ("peer", "proto", "secure"),
    [
        (PROXY, "https", True),
        (PROXY, "http", False),
        ("127.0.0.1", "https", False),
        ("127.0.0.1", "", False),
    ],
)
def test_over_tls_browsers_stay_with_tls(peer: str, proto: str, secure: bool) -> None:
    client = bare_app(Policy(proxies=networks(PROXY))).server.test_client()
    answer = client.get(
        "/_dash-layout", headers={"X-Forwarded-Proto": proto}, environ_base={"REMOTE_ADDR": peer}
    )
    assert ("Strict-Transport-Security" in answer.headers) is secure
