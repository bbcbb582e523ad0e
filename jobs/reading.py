"""Opens a raster as it is, also one that does not say where it lies."""

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
    """No warning of a raster without a place: a scan is a raster all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def open_raster(file: Path) -> Iterator[Any]:
    """An open raster; it may lie nowhere."""
    with unplaced_allowed(), rasterio.open(file) as raster:
        yield raster
