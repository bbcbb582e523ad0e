"""Whether a request that may change something comes from a page of the dashboard itself.

The check is that of Go's `http.CrossOriginProtection`: browsers say where a request comes from, and
what is no browser has no cookies or logins that a foreign page could use.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

# They change nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def foreign_origin(method: str, headers: Headers) -> str | None:
    """From where a changing request comes, if from a page of another origin; else None."""
    if method in SAFE_METHODS:
        return None
    origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site")
    if site is not None:
        return None if site in ("same-origin", "none") else origin or site
    if origin is None or _same_host(origin, headers.get("Host", "")):
        return None
    return origin


def _same_host(origin: str, host: str) -> bool:
    """Whether an origin's name and port are those of a Host header.

    The scheme is not compared: a proxy with TLS asks without. `null` is no origin of ours.
    """
    scheme = origin.partition("://")[0].lower()
    usual = {"http": 80, "https": 443}.get(scheme)
    try:
        asked, served = urlsplit(origin), urlsplit(f"//{host}")
        ports = (asked.port or usual), (served.port or usual)
    except ValueError:
        return False
    return bool(
        usual and asked.hostname and asked.hostname == served.hostname and ports[0] == ports[1]
    )
