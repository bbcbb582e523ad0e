"""How answers travel: compressed for who takes it, and kept for as long as they are true."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from flask import Flask
from werkzeug.http import generate_etag
from werkzeug.test import TestResponse

from api import delivery
from app import bare_app
from settings import SOURCE
from tests.dashboards import LOCAL

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}
STYLE = "/assets/20-theme.css"
CHUNK = "/_dash-component-suites/dash/dcc/async-dropdown.js"
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def flask() -> Flask:
    """A server of the frame of every page; what fills it is none of this."""
    server: Flask = bare_app(LOCAL).server
    return server


@pytest.fixture(autouse=True)
def files(flask: Flask) -> delivery.PackedFiles:
    """The files that the server has compressed."""
    return delivery.register(flask)


def get(server: Flask, path: str, takes: str = "", tag: str = "", **more: str) -> TestResponse:
    """An answer, read whole, for who takes some encodings and has what the tag is of."""
    headers = {"Accept-Encoding": takes, "If-None-Match": tag, **more}
    given = {name: value for name, value in headers.items() if value}
    with server.test_client() as client, client.get(path, headers=given) as answer:
        answer.get_data()
        return answer


def script_of(server: Flask) -> str:
    """The address of Dash's renderer."""
    found = re.search(r'src="([^"]*dash_renderer[^"]*)"', get(server, "/").text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("takes", "encoding"),
    [("gzip, deflate", "gzip"), ("gzip, deflate, br, zstd", "br"), ("br;q=1, gzip;q=0.2", "br")],
)
def test_an_answer_is_compressed_for_who_takes_it(
    flask: Flask, files: delivery.PackedFiles, takes: str, encoding: str
) -> None:
    packed, plain = get(flask, "/_dash-layout", takes), get(flask, "/_dash-layout")
    assert packed.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert UNPACK[encoding](packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert len(files) == 0


def test_the_index_is_compressed(flask: Flask) -> None:
    packed = get(flask, "/", "br")
    assert brotli.decompress(packed.data).endswith(b"</html>\n")


@pytest.mark.parametrize("takes", ["", "identity", "gzip;q=0", "compress"])
@pytest.mark.parametrize("path", ["/", STYLE, CHUNK])
def test_nothing_is_compressed_for_who_does_not_take_it(
    flask: Flask, path: str, takes: str
) -> None:
    assert "Content-Encoding" not in get(flask, path, takes).headers


@pytest.mark.parametrize("path", [STYLE, CHUNK])
def test_a_file_is_what_it_was_before_it_was_compressed(flask: Flask, path: str) -> None:
    plain = get(flask, path)
    for encoding in ("br", "gzip"):
        packed = get(flask, path, encoding)
        assert UNPACK[encoding](packed.data) == plain.data
        assert packed.headers["Content-Encoding"] == encoding
        assert packed.headers["Vary"] == "Accept-Encoding"
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2


@pytest.mark.parametrize("path", [STYLE, CHUNK])
def test_a_file_is_compressed_once(
    flask: Flask, files: delivery.PackedFiles, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = get(flask, path, "br")
    assert len(files) == 1
    monkeypatch.setattr(delivery, "WELL", {})
    assert get(flask, path, "br").data == first.data


def test_other_addresses_of_a_file_keep_it_once(flask: Flask, files: delivery.PackedFiles) -> None:
    for version in ("v1m1", "v1m2", "v2m1"):
        get(flask, CHUNK.replace("async-dropdown", f"async-dropdown.{version}"), "br")
    assert len(files) == 1


def test_a_file_that_changes_is_compressed_again(tmp_path: Path) -> None:
    server = Flask(__name__, static_folder=str(tmp_path), static_url_path="/assets")
    delivery.register(server)
    for text in ("a" * 2000, "b" * 2000):
        (tmp_path / "own.css").write_text(text)
        assert brotli.decompress(get(server, "/assets/own.css", "br").data).decode() == text


def test_what_changes_its_address_with_its_content_is_never_asked_for_again(flask: Flask) -> None:
    for path in (script_of(flask), f"{STYLE}?m=1"):
        assert get(flask, path, "br").headers["Cache-Control"] == FOREVER


@pytest.mark.parametrize("takes", ["", "br", "gzip"])
@pytest.mark.parametrize("path", [STYLE, CHUNK])
def test_other_files_are_told_from_their_tags(flask: Flask, path: str, takes: str) -> None:
    answer = get(flask, path, takes)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = get(flask, path, takes, answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert get(flask, path, takes, '"another"').data == answer.data


def test_encodings_of_a_file_have_tags_of_their_own(flask: Flask) -> None:
    tags = {get(flask, CHUNK, takes).headers["ETag"] for takes in ("", "br", "gzip")}
    assert len(tags) == 3


def test_a_files_tag_is_of_its_content_not_of_its_time(flask: Flask) -> None:
    answer = get(flask, STYLE, "")
    assert answer.headers["ETag"] == f'"{generate_etag(answer.data)}"'


def test_a_part_of_a_file_is_not_taken_for_the_file(
    flask: Flask, files: delivery.PackedFiles
) -> None:
    part = get(flask, STYLE, "br", Range="bytes=0-1999")
    assert (part.status_code, len(files)) == (206, 0)
    whole = brotli.decompress(get(flask, STYLE, "br").data)
    assert whole == (SOURCE / "assets" / "20-theme.css").read_bytes()
