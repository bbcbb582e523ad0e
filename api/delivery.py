"""How answers travel: compressed, and kept by browsers for as long as they are true."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask_compress import Compress

STATIC = "/_dash-component-suites/"
ASSETS = "/assets/"
YEAR = 31_536_000


class OfStaticFiles:
    """Compressed static files by their path; they stay the same while the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """The compressed bytes, none when they are not kept."""
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        """Keeps the compressed bytes of a static file, and of nothing else."""
        if STATIC in key:
            self._kept[key] = value


def register(server: Flask) -> None:
    """Compresses answers, and tells how long they may be kept."""
    server.config["COMPRESS_CACHE_BACKEND"] = OfStaticFiles
    server.config["COMPRESS_CACHE_KEY"] = _path_of
    server.extensions["compress"] = Compress(server)
    server.after_request(tell_how_long)


def kept_of(server: Flask) -> OfStaticFiles:
    """The compressed static files of a server."""
    kept = server.extensions["compress"].cache
    assert isinstance(kept, OfStaticFiles)
    return kept


def _path_of(asked: Request) -> str:
    return asked.path


def tell_how_long(response: Response) -> Response:
    """A file whose address changes with its content is never asked for again."""
    versioned = request.path.startswith(ASSETS) and "m" in request.args
    fingerprinted = request.path.startswith(STATIC) and response.cache_control.max_age == YEAR
    if response.status_code in (200, 304) and (versioned or fingerprinted):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response
