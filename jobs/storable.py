"""Text that PostgreSQL can store: no NUL, and no halves of characters.

A file's name that is no UTF-8 has such halves in Python (`caf\\udce9.jpg`).
"""

from __future__ import annotations

from typing import Any


def storable(value: Any) -> Any:
    """The value with its texts as PostgreSQL can store them; dicts, lists and tuples go through.

    NUL is left out; half a character is written as an escape, so that the file can be found.
    """
    match value:
        case str():
            return value.replace("\0", "").encode(errors="backslashreplace").decode()
        case dict():
            return {storable(key): storable(part) for key, part in value.items()}
        case list():
            return [storable(part) for part in value]
        case tuple():
            return tuple(storable(part) for part in value)
    return value
