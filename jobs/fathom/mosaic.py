"""Places tiles in a mosaic: exact offsets in pixels, and a virtual raster of all tiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from jobs.fathom.naming import DTYPE, NODATA, RETURN_PERIODS
from jobs.stages import TaskError

# How far a tile may be off the pixel grid, in pixels: allows for rounding in file headers.
TOLERANCE = 0.01
PRECISION = 9


@dataclass(frozen=True)
class Tile:
    """A stacked raster: `path` in its container, `file` with its pixels.

    `corner` is its north-west corner, and `pixel` its pixel size (y is negative), both as x and y
    in units of the CRS.
    """

    path: str
    file: Path
    width: int
    height: int
    corner: tuple[float, float]
    pixel: tuple[float, float]
    crs: str
    bands: tuple[str | None, ...]
    dtypes: tuple[str, ...]

    @classmethod
    def of(cls, path: str, file: Path, raster: Any) -> Tile:
        """The tile of an open raster."""
        place = raster.transform
        return cls(
            path,
            file,
            raster.width,
            raster.height,
            (place.c, place.f),
            (place.a, place.e),
            raster.crs.to_wkt() if raster.crs else "",
            raster.descriptions,
            raster.dtypes,
        )


def virtual_mosaic(tiles: Sequence[Tile]) -> str:
    """A VRT of the box around all tiles: the tiles' unchanged pixels, and no data between them.

    Raises TaskError for a tile whose bands, data type, pixel size or CRS differ, or that is not on
    the others' pixel grid.
    """
    _check_alike(tiles)
    pixel = tiles[0].pixel
    west, north = min(tile.corner[0] for tile in tiles), max(tile.corner[1] for tile in tiles)
    offsets = [_offset(tile, west, north) for tile in tiles]
    placed = list(zip(tiles, offsets, strict=True))
    width = max(x + tile.width for tile, (x, _) in placed)
    height = max(y + tile.height for tile, (_, y) in placed)
    root = Element("VRTDataset", rasterXSize=str(width), rasterYSize=str(height))
    SubElement(root, "SRS").text = tiles[0].crs
    transform = (west, pixel[0], 0, north, 0, pixel[1])
    SubElement(root, "GeoTransform").text = ", ".join(repr(number) for number in transform)
    for number, name in enumerate(RETURN_PERIODS, start=1):
        band = SubElement(root, "VRTRasterBand", dataType="Int16", band=str(number))
        SubElement(band, "Description").text = name
        SubElement(band, "NoDataValue").text = str(NODATA)
        for tile, offset in placed:
            _add_source(band, number, tile, offset)
    return tostring(root, encoding="unicode")


def _add_source(band: Element, number: int, tile: Tile, offset: tuple[int, int]) -> None:
    source = SubElement(band, "SimpleSource")
    SubElement(source, "SourceFilename", relativeToVRT="0").text = str(tile.file)
    SubElement(source, "SourceBand").text = str(number)
    size = {"xSize": str(tile.width), "ySize": str(tile.height)}
    SubElement(source, "SrcRect", {"xOff": "0", "yOff": "0", **size})
    SubElement(source, "DstRect", {"xOff": str(offset[0]), "yOff": str(offset[1]), **size})


def _offset(tile: Tile, west: float, north: float) -> tuple[int, int]:
    x = (tile.corner[0] - west) / tile.pixel[0]
    y = (tile.corner[1] - north) / tile.pixel[1]
    if max(abs(x - round(x)), abs(y - round(y))) > TOLERANCE:
        raise TaskError(
            f"{tile.path} lies {x:.3f}, {y:.3f} pixels from the corner of its cell; "
            "expected whole pixels, so that no value changes. Stack it again from correct files"
        )
    return round(x), round(y)


def _rounded(pixel: tuple[float, float]) -> tuple[float, float]:
    return round(pixel[0], PRECISION), round(pixel[1], PRECISION)


def _check_alike(tiles: Sequence[Tile]) -> None:
    kinds = [(_rounded(tile.pixel), tile.crs) for tile in tiles]
    expected = Counter(kinds).most_common(1)[0][0]
    for tile, kind in zip(tiles, kinds, strict=True):
        if tile.bands != RETURN_PERIODS or set(tile.dtypes) != {DTYPE}:
            raise TaskError(
                f"{tile.path} has bands {tile.bands} of {tile.dtypes}; "
                f"expected {RETURN_PERIODS} of {DTYPE}. Stack it again"
            )
        if kind != expected:
            raise TaskError(
                f"{tile.path} has pixels of {tile.pixel} in {tile.crs[:60]!r}; "
                f"expected {expected[0]} in {expected[1][:60]!r} like the rest of its cell. "
                "Stack it again from files of one resolution"
            )
