"""Paths of rasters: which files are rasters, and the paths of their COGs."""

from __future__ import annotations

SUFFIXES = (".tif", ".tiff")


def is_raster(path: str) -> bool:
    """Whether a path is a GeoTIFF's and fits into the table."""
    return path.lower().endswith(SUFFIXES) and len(path) <= 512 and path.isprintable()


def output_path(prefix: str, key: str) -> str:
    """Path of a raster's COG."""
    return "/".join(part for part in (prefix.strip("/"), f"{key}.tif") if part)
