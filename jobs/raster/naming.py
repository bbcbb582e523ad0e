"""Paths of rasters: which files are rasters, and the paths of their COGs."""

from __future__ import annotations

from jobs.source_files import path_fits

SUFFIXES = (".tif", ".tiff")


def is_raster(path: str) -> bool:
    """Whether a path is a GeoTIFF's and fits into the table."""
    return path.lower().endswith(SUFFIXES) and path_fits(path)


def output_path(prefix: str, key: str) -> str:
    """Path of a raster's COG."""
    return "/".join(part for part in (prefix.strip("/"), f"{key}.tif") if part)
