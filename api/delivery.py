"""How answers travel: compressed, and kept by browsers for as long as they are true.

Answers are compressed each time, quickly; files well, once, and then kept.
"""

from __future__ import annotations

import gzip
from functools import partial
from http import HTTPStatus

import brotli
from flask import Flask, Response, request

from layouts.links import SUITES

ASSETS = "/assets/"
YEAR = 31_536_000
# Below, it is one packet in any case.
SMALL = 1000
# The better ones first, for who takes several. Without the time in it, gzip's is the same from all
# processes.
QUICK = {"br": partial(brotli.compress, quality=1), "gzip": partial(gzip.compress, compresslevel=1)}
WELL = {"br": partial(brotli.compress, quality=5), "gzip": partial(gzip.compress, mtime=0)}
TEXTS = {
    "text/html",
    "text/plain",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/json",
    "application/problem+json",
    "image/svg+xml",
}


class PackedFiles:
    """Static files by their tag and encoding, compressed when they are first asked for."""

    def __init__(self) -> None:
        self._packed: dict[tuple[str, str], bytes] = {}

    def __len__(self) -> int:
        return len(self._packed)

    def packed(self, tag: str, encoding: str, content: bytes) -> bytes:
        """The content, whose tag it is, in one of the encodings."""
        key = tag, encoding
        if key not in self._packed:
            self._packed[key] = WELL[encoding](content)
        return self._packed[key]


def register(server: Flask) -> PackedFiles:
    """Compresses answers and files, and tells how long files may be kept."""
    files = PackedFiles()

    @server.after_request
    def deliver(response: Response) -> Response:
        if request.path.startswith((SUITES, ASSETS)):
            _deliver_file(response, files)
        elif response.mimetype in TEXTS and not response.is_streamed:
            _deliver_answer(response)
        return response

    return files


def _deliver_answer(response: Response) -> None:
    response.vary.add("Accept-Encoding")
    encoding, content = _encoding(), response.get_data()
    if encoding and len(content) >= SMALL:
        response.set_data(QUICK[encoding](content))
        response.headers["Content-Encoding"] = encoding


def _deliver_file(response: Response, files: PackedFiles) -> None:
    if response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        response.headers["Cache-Control"] = _how_long(response)
    # A part of a file stays as it is.
    if response.status_code != HTTPStatus.OK or response.mimetype not in TEXTS:
        return
    response.direct_passthrough = False
    response.add_etag(overwrite=True)
    response.vary.add("Accept-Encoding")
    encoding, content, (tag, _) = _encoding(), response.get_data(), response.get_etag()
    if encoding and tag and len(content) >= SMALL:
        response.set_data(files.packed(tag, encoding, content))
        response.headers["Content-Encoding"] = encoding
        # Another encoding of a file is another file.
        response.set_etag(f"{tag}:{encoding}")
    response.make_conditional(request)


def _how_long(response: Response) -> str:
    """For ever where the address changes with the content; else it is asked for with its tag."""
    versioned = request.path.startswith(ASSETS) and "m" in request.args
    forever = versioned or response.cache_control.max_age == YEAR
    return f"public, max-age={YEAR}, immutable" if forever else "no-cache"


def _encoding() -> str | None:
    """What the client likes best of what there is, none where it takes nothing of it."""
    return request.accept_encodings.best_match(QUICK)
