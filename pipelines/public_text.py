"""Messages that anyone who may look can read: without absolute paths, hosts, and ports."""

from __future__ import annotations

import re

# A part of a path, as messages have it: quoted, in brackets, or before a colon.
PART = r"[^\s'\"<>()\[\],;:/]+"
# Of an address the scheme is kept, of a path its last part: they say what it is about.
_HIDDEN = [
    (re.compile(r"\b([A-Za-z][A-Za-z0-9+.\-]*://)[^\s'\"<>()\[\],;]+"), r"\1…"),
    # As PostgreSQL's client says it.
    (re.compile(r'at "[^"]*"(?: \([^)]*\))?, port \d+'), "at …"),
    (re.compile(r'host name "[^"]*"'), "host name …"),
    (re.compile(r'host "[^"]*"'), "host …"),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.]*\w)"), "…"),
    (
        re.compile(
            r"(?<![\w:])\[?[0-9A-Fa-f:]*(?:::|(?:[0-9A-Fa-f]+:){5})[0-9A-Fa-f:.]*(?:\]:\d+|\])?(?!\w)"
        ),
        "…",
    ),
    (re.compile(r"\b(?:localhost|(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}):\d{2,5}\b"), "…"),
    (re.compile(r"\bport \d+"), "port …"),
    (re.compile(rf"(?<![\w./~…])~?/(?!/)(?:{PART}/)*({PART})/?"), r"…/\1"),
    (re.compile(r"(?<!\w)[A-Za-z]:\\(?:[^\s'\"<>()\[\],;:]+\\)*"), "…\\\\"),
]


def public_text(text: str) -> str:
    """A message without absolute paths, addresses, hosts, and ports."""
    for pattern, instead in _HIDDEN:
        text = pattern.sub(instead, text)
    return text


def without_secrets(place: str) -> str:
    """A folder or URL without the name, password and query that a URL may have."""
    scheme, separator, rest = place.partition("://")
    if not separator:
        return place
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
