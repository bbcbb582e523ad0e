"""Opens rasters, also those without georeferencing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning


@contextmanager
def unplaced_allowed() -> Iterator[None]:
    """Suppresses rasterio's warning about rasters without georeferencing, such as scans."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def open_raster(file: Path) -> Iterator[Any]:
    """An open raster; it need not be georeferenced."""
    with unplaced_allowed(), rasterio.open(file) as raster:
        yield raster
