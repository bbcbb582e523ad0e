"""Lists and writes the sample's FATHOM files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from jobs.fathom.naming import (
    DTYPE,
    NODATA,
    RETURN_PERIODS,
    SSP_FOLDERS,
    Scenario,
    tile_bounds,
)
from jobs.fathom.synthetic import depths

INLAND = (("fluvial", "defended"), ("fluvial", "undefended"), ("pluvial", "defended"))
COASTAL = (("coastal", "defended"), ("coastal", "undefended"), *INLAND)
YEARS = (2030, 2050, 2080)
RWANDA = ("s02e028", "s02e029", "s02e030", "s03e028", "s03e029", "s03e030")
# Rwanda, and a part of Côte d'Ivoire in two grid cells, each with a coastal tile.
TILES: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "rwa": dict.fromkeys(
        ("s02e028", "s02e029", "s02e030", "s03e028", "s03e029", "s03e030"), INLAND
    ),
    "civ": {"n05w004": COASTAL, "n05w005": COASTAL, "n06w004": INLAND, "n06w005": INLAND},
}
# Broken on purpose, in two different groups, to show failures.
TRUNCATED = "rwa/FLUVIAL_DEFENDED/2030/SSP2_4.5/1in100-FLUVIAL-DEFENDED-2030-SSP2_4.5_s02e029.tif"
WRONG_SIZE = "rwa/PLUVIAL_DEFENDED/2050/SSP5_8.5/1in20-PLUVIAL-DEFENDED-2050-SSP5_8.5_s03e030.tif"


@dataclass(frozen=True)
class Portion:
    """What one process writes at a time: the scenarios of one flood type and defense in a tile."""

    region: str
    tile: str
    scenarios: tuple[Scenario, ...]

    @property
    def files(self) -> int:
        """The number of files."""
        return len(self.scenarios) * len(RETURN_PERIODS)


def portions() -> Iterator[Portion]:
    """The whole sample, one portion per region, tile and hazard."""
    for region, tiles in TILES.items():
        for tile, hazards in tiles.items():
            for hazard in hazards:
                yield Portion(region, tile, tuple(_scenarios(*hazard)))


def write_portion(root: Path, pixels: int, keep: bool, portion: Portion) -> int:
    """Writes a portion's files. Returns how many are new. `keep` keeps existing files."""
    written = 0
    for scenario, period in product(portion.scenarios, RETURN_PERIODS):
        folder = "/".join([portion.region, scenario.folder])
        path = f"{folder}/{scenario.file_name(period, portion.tile)}"
        if keep and (root / path).exists():
            continue
        _write(root, path, portion.tile, depths(scenario, period, portion.tile, pixels))
        written += 1
    return written


def _scenarios(flood_type: str, defense: str) -> Iterator[Scenario]:
    yield Scenario(flood_type, defense, 2020, None)
    for year, ssp in product(YEARS, SSP_FOLDERS):
        yield Scenario(flood_type, defense, year, ssp)


def _write(root: Path, path: str, tile: str, depth: NDArray[np.int16]) -> None:
    if path == WRONG_SIZE:
        depth = depth[: -(depth.shape[0] // 4), : -(depth.shape[1] // 4)]
    height, width = depth.shape
    west, _, _, north = tile_bounds(tile)
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    # Left by an interrupted call: no other process writes this file, and GDAL would open it.
    temporary = target.with_name(f".{target.name}")
    temporary.unlink(missing_ok=True)
    with rasterio.open(
        temporary,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=1,
        dtype=DTYPE,
        nodata=NODATA,
        crs="EPSG:4326",
        transform=Affine(1 / width, 0, west, 0, -1 / height, north),
        compress="deflate",
        predictor=2,
        zlevel=4,
    ) as raster:
        raster.write(depth, 1)
    if path == TRUNCATED:
        os.truncate(temporary, temporary.stat().st_size * 6 // 10)
    temporary.replace(target)
