"""How containers and folders in them may be written in a parameter."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

# `file:`, `s3://`, `C:\` and so on.
SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*:")


def container_mistake(name: str) -> str | None:
    """What is wrong with a container's name, or None."""
    if not name or name[0] in ".~" or set(name) & set("/\\:") or not name.isprintable():
        return f"expected the name of a container, got {name!r}"
    return None


def folder_mistake(path: str) -> str | None:
    """What is wrong with the path of a folder or file in a container, or None."""
    wanted = "expected a folder in the container"
    if path.startswith("/"):
        return f"{wanted}, without / before it; got {path!r}"
    if path.startswith("~") or SCHEME.match(path):
        return f"{wanted}, not a home folder or a URL; got {path!r}"
    hidden = any(part.startswith(".") for part in path.split("/"))
    if hidden or "\\" in path or not path.isprintable():
        return f"{wanted}, without parts that begin with '.', and without '\\'; got {path!r}"
    return None


def is_within(path: str, top: str) -> bool:
    """Whether a path is a folder's own or below it; both are absolute, or both are URLs."""
    return PurePosixPath(path).is_relative_to(top)
