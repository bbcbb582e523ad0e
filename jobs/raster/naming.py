"""Names of rasters: what counts as one, its group's key and its output's path."""

from __future__ import annotations

import re
from hashlib import sha256

SUFFIXES = (".tif", ".tiff")
_LONGEST_SLUG = 120


def is_raster(path: str) -> bool:
    """Whether a path is a GeoTIFF's, and one that the table can hold."""
    return path.lower().endswith(SUFFIXES) and len(path) <= 512 and path.isprintable()


def group_key(path: str) -> str:
    """A raster's own key of at most 150 characters: readable, and never that of another path."""
    stem = path.rsplit(".", 1)[0]
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-")[-_LONGEST_SLUG:]
    return f"{slug}-{sha256(path.encode()).hexdigest()[:8]}"


def output_path(prefix: str, key: str) -> str:
    """Path of a raster's COG."""
    return "/".join(part for part in (prefix.strip("/"), f"{key}.tif") if part)
