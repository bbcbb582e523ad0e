"""How answers travel: compressed for who takes it, and kept for as long as they are true."""

from __future__ import annotations

import gzip
import re

import pytest
from dash import Dash
from flask import Flask
from werkzeug.test import TestResponse

from api import delivery

GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def flask(dashboard: Dash) -> Flask:
    """The dashboard's server, as the app delivers its answers."""
    delivery.register(dashboard.server)
    return dashboard.server


def get(server: Flask, path: str, headers: dict[str, str] | None = None) -> TestResponse:
    """An answer, read whole."""
    with server.test_client() as client, client.get(path, headers=headers) as answer:
        answer.get_data()
        return answer


def script_of(server: Flask) -> str:
    """The address of Dash's renderer."""
    found = re.search(r'src="([^"]*dash_renderer[^"]*)"', get(server, "/").text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/_dash-dependencies"])
def test_an_answer_is_compressed_for_who_takes_it(flask: Flask, path: str) -> None:
    packed, plain = get(flask, path, GZIP), get(flask, path)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data)[:50] == plain.data[:50]


def test_a_static_file_is_compressed_once(flask: Flask) -> None:
    path = script_of(flask)
    first, second = get(flask, path, GZIP), get(flask, path, GZIP)
    # gzip writes the time into its header: compressed again it would differ within a second.
    kept = delivery.kept_of(flask)
    assert first.data == second.data == kept.get(f"gzip;{path}")
    assert gzip.decompress(first.data) == get(flask, path).data


def test_answers_that_change_are_not_kept(flask: Flask) -> None:
    get(flask, "/_dash-layout", GZIP)
    assert delivery.kept_of(flask).get("gzip;/_dash-layout") is None


def test_what_changes_its_address_with_its_content_is_never_asked_for_again(flask: Flask) -> None:
    for path in (script_of(flask), "/assets/20-theme.css?m=1"):
        assert get(flask, path).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in get(flask, "/assets/20-theme.css").headers["Cache-Control"]


def test_a_file_without_a_fingerprint_is_told_from_its_tag(flask: Flask) -> None:
    path = "/_dash-component-suites/dash/dcc/async-dropdown.js"
    tag = get(flask, path, GZIP).headers["ETag"]
    again = get(flask, path, {**GZIP, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
