"""Text that PostgreSQL can store: no NUL, and no halves of characters.

A file's name that is no UTF-8 has such halves in Python (`caf\\udce9.jpg`).
"""

from __future__ import annotations

import json
import re
from typing import Any

# In JSON as json.dumps writes it: NUL, a whole character of two halves, half of one, and others.
_ESCAPE = re.compile(r"\\(?:(u0000)|(ud[89ab]..\\ud[c-f]..)|u(d[89a-f]..)|.)")


def storable(value: str) -> str:
    """The text without NUL, and with an escape for half a character, so that a file is found."""
    return value.replace("\0", "").encode(errors="backslashreplace").decode()


def storable_json(value: Any) -> str:
    """A value as JSON, its texts changed as `storable` does; as deep as json.dumps goes."""
    return _ESCAPE.sub(_changed, json.dumps(value))


def _changed(escape: re.Match[str]) -> str:
    nul, _, half = escape.groups()
    return "" if nul else rf"\\u{half}" if half else escape[0]
