"""The sample's rasters: small GeoTIFFs of many kinds, as found in practice."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.enums import ColorInterp

from jobs.reading import unplaced_allowed

PIXELS = 320
SEED = 21
LAND_COVER = {
    0: (0, 0, 0, 0),
    1: (34, 102, 51, 255),
    2: (170, 204, 102, 255),
    3: (230, 214, 144, 255),
    4: (51, 119, 187, 255),
}


@dataclass(frozen=True)
class Kind:
    """A raster to write: its path, location, range of values, and other properties."""

    path: str
    dtype: str
    values: tuple[float, float]
    crs: str | None
    corner: tuple[float, float]
    pixel: float
    count: int = 1
    nodata: float | None = None
    shape: tuple[int, int] = (PIXELS, PIXELS)
    descriptions: tuple[str, ...] = ()
    colors: tuple[ColorInterp, ...] = ()
    palette: Mapping[int, tuple[int, int, int, int]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
KIGALI, MERCATOR = (500_000.0, 9_790_000.0), (3_340_000.0, -210_000.0)
KINDS = (
    Kind("terrain/elevation.tif", "float32", (900, 4500), "EPSG:32736", KIGALI, 30, nodata=-9999),
    Kind("terrain/slope.tif", "float32", (0, 60), "EPSG:3857", MERCATOR, 30, nodata=float("nan")),
    Kind("terrain/geoid.TIF", "float64", (-40, 20), "EPSG:4326", (28.5, -1.0), 0.01),
    Kind("imagery/aerial.tif", "uint8", (0, 255), "EPSG:32736", KIGALI, 0.5, 3, colors=RGB),
    Kind(
        "imagery/aerial-masked.tiff",
        "uint8",
        (0, 255),
        "EPSG:3857",
        MERCATOR,
        0.6,
        4,
        colors=(*RGB, ColorInterp.alpha),
    ),
    Kind(
        "imagery/multispectral.tif",
        "uint16",
        (0, 10_000),
        "EPSG:32630",
        (300_000, 620_000),
        10,
        4,
        nodata=0,
        descriptions=("blue", "green", "red", "near infrared"),
        options={"tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "band"},
    ),
    Kind(
        "classes/land-cover.tif",
        "uint8",
        (0, 5),
        "EPSG:4326",
        (29.0, -1.5),
        0.001,
        nodata=0,
        palette=LAND_COVER,
        options={"compress": "lzw"},
    ),
    Kind("classes/water.tif", "uint8", (0, 2), "EPSG:4326", (-5, 6), 0.001, options={"nbits": 1}),
    Kind("climate/anomaly.tif", "int16", (-500, 500), "EPSG:4326", (-10, 12), 0.05, 12),
    Kind("climate/population.tif", "uint32", (0, 90_000), "ESRI:54009", (2_800_000, -1e5), 1000),
    Kind("climate/sea-ice.tif", "int32", (0, 100), "EPSG:3413", (-2e5, 2e5), 500, shape=(90, 700)),
    Kind("radar/interferogram.tif", "complex64", (-3, 3), "EPSG:32736", KIGALI, 20),
    Kind("scans/old-map.tif", "uint8", (0, 255), None, (0, 0), 1, 3, colors=RGB),
)


def write_rasters(root: Path) -> None:
    """Writes the rasters that don't exist yet below a folder."""
    for number, kind in enumerate(KINDS):
        target = root / kind.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{os.getpid()}-{target.name}")
            _write(temporary, kind, _pixels(kind, number))
            temporary.replace(target)


def _pixels(kind: Kind, number: int) -> NDArray[Any]:
    """Smooth hills within the kind's range of values: (band, row, column)."""
    random = np.random.default_rng([SEED, number])
    row, column = np.indices(kind.shape) / PIXELS
    low, high = kind.values
    bands = []
    for _ in range(kind.count):
        a, b, c, d = random.uniform(3, 12, 4)
        hills = (np.sin(a * row + b * column) + np.sin(c * column - d * row) + 2) / 4
        bands.append(low + (high - low) * np.clip(hills, 0, 0.999))
    return np.stack(bands).astype(kind.dtype)


def _placed(kind: Kind) -> Affine:
    x, y = kind.corner
    return Affine(kind.pixel, 0, x, 0, -kind.pixel, y)


def _write(target: Path, kind: Kind, pixels: NDArray[Any]) -> None:
    count, height, width = pixels.shape
    layout = {"count": count, "height": height, "width": width, "dtype": kind.dtype}
    place = {"crs": kind.crs, "transform": _placed(kind)}
    if kind.crs is None:
        place = {}
    profile = {"driver": "GTiff", "nodata": kind.nodata, **layout, **place, **kind.options}
    with unplaced_allowed(), rasterio.open(target, "w", **profile) as raster:
        if kind.colors:
            raster.colorinterp = kind.colors
        raster.write(pixels)
        if kind.descriptions:
            raster.descriptions = kind.descriptions
        if kind.palette:
            raster.write_colormap(1, dict(kind.palette))
