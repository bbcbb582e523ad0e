"""What every answer tells the browser: run only our own scripts, and show us in nobody's frame."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256

from flask import Flask, Response, request

from access.clients import Network, is_in

# Inline scripts that are run, not data.
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
YEAR = 365 * 24 * 3600
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Data is no page: a tick's answer is small, and its headers are sent each time.
DATA_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def content_policy(hashes: Iterable[str], index: str) -> str:
    """The Content-Security-Policy: scripts of ours, and those whose hashes are given or that the
    index page has inline.

    Styles may be inline: Dash writes a bar's width, and DataTable its columns, as such.
    """
    own = [f"'sha256-{_digest(script)}'" for script in SCRIPT.findall(index)]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *hashes, *own]),
            "style-src 'self' 'unsafe-inline'",
            # Icons of the style sheet; a chart that is saved as an image.
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def register(server: Flask, policy: Callable[[], str], proxies: Sequence[Network]) -> None:
    """Adds the headers to every answer; over TLS also that browsers stay with TLS for a year.

    `policy` is asked with the first answer: by then all scripts are known.
    """
    policy = cache(policy)

    def add_headers(response: Response) -> Response:
        if (response.mimetype or "").endswith("json"):
            response.headers.update(DATA_HEADERS)
        else:
            response.headers.update(HEADERS)
            response.headers["Content-Security-Policy"] = policy()
        if _is_secure(proxies):
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        return response

    server.after_request(add_headers)


def _is_secure(proxies: Sequence[Network]) -> bool:
    forwarded = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    return request.is_secure or (forwarded and is_in(request.remote_addr or "", proxies))


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()
