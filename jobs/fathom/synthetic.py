"""Synthetic floods: plausible depths for a tile, the same on every machine and in any order.

Rivers are the zero lines of a smooth field, hollows are the low areas of a finer field, and the sea
is south of a winding coast. All are functions of longitude and latitude, so that adjacent tiles
match.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jobs.fathom.naming import DTYPE, NODATA, RETURN_PERIODS, Scenario, corner

SEED = 20
DEEPEST = 900
# Water levels, from 0 to about 1.4: higher for rarer floods and for warmer years.
RARITY = dict(zip(RETURN_PERIODS, (0.30, 0.40, 0.50, 0.62, 0.72, 0.81, 0.91, 1.00), strict=True))
WARMING = {None: 0.0, "ssp126": 0.5, "ssp245": 0.8, "ssp370": 1.1, "ssp585": 1.4}
RISE_A_CENTURY = 0.25
DEFENSES = {"defended": 0.85, "undefended": 1.0}
# The coast's mean latitude and how far it varies, in degrees.
COAST, COAST_WINDING = 5.25, 0.08

Field = NDArray[np.float64]


def depths(scenario: Scenario, return_period: str, tile: str, pixels: int) -> NDArray[np.int16]:
    """Depths of one flood in a tile, in centimetres: (row, column), 0 dry, no data in the sea."""
    level = _level(scenario, return_period)
    height, sea = _ground(scenario.flood_type, tile, pixels)
    water = np.clip((level - height) * DEEPEST, 0, DEEPEST * 1.5)
    depth: NDArray[np.int16] = np.rint(water).astype(DTYPE)
    depth[sea] = NODATA
    return depth


def _level(scenario: Scenario, return_period: str) -> float:
    warming = WARMING[scenario.ssp] * RISE_A_CENTURY * (scenario.year - 2020) / 100
    return (RARITY[return_period] + warming) * DEFENSES[scenario.defense]


@lru_cache(maxsize=4)
def _ground(flood_type: str, tile: str, pixels: int) -> tuple[Field, NDArray[np.bool_]]:
    """The ground's height above the dry season's water level, and where the sea is."""
    south, west = corner(tile)
    steps = (np.arange(pixels) + 0.5) / pixels
    longitude, latitude = west + steps, south + 1 - steps
    coast = (
        COAST + COAST_WINDING * np.sin(longitude * 9) + COAST_WINDING / 2 * np.sin(longitude * 31)
    )
    # Distance north of the coast, in degrees.
    inland = latitude[:, None] - coast[None, :]
    # Only the tiles on this coast have sea: other seas are not modelled.
    sea = inland < 0 if _is_coastal(tile) else np.zeros_like(inland, dtype=bool)
    return _HEIGHTS[flood_type](longitude, latitude, inland), sea


def _is_coastal(tile: str) -> bool:
    south, west = corner(tile)
    return south == int(COAST) and west < 0


def _river_banks(longitude: Field, latitude: Field, _inland: Field) -> Field:
    field = _waves("rivers", longitude, latitude, longest=0.9, shortest=0.12)
    return np.abs(field) * 9


def _hollows(longitude: Field, latitude: Field, _inland: Field) -> Field:
    field = _waves("hollows", longitude, latitude, longest=0.15, shortest=0.03)
    # A minimum, as ponds have a flat bottom.
    return np.maximum(2.2 + field, 0.15)


def _shore(longitude: Field, latitude: Field, inland: Field) -> Field:
    field = _waves("shore", longitude, latitude, longest=0.3, shortest=0.05)
    return np.maximum(inland, 0) * 14 + np.abs(field) * 0.8


_HEIGHTS = {"fluvial": _river_banks, "pluvial": _hollows, "coastal": _shore}
_WAVES = 14


def _waves(
    name: str, longitude: Field, latitude: Field, *, longest: float, shortest: float
) -> Field:
    """A smooth random field with variance of about 1, from plane waves; wavelengths in degrees."""
    random = np.random.default_rng([SEED, *name.encode()])
    lengths = np.geomspace(longest, shortest, _WAVES)
    angles = random.uniform(0, np.pi, _WAVES)
    phases = random.uniform(0, 2 * np.pi, _WAVES)
    weights = lengths / np.sqrt((lengths**2).sum() / 2)
    field = np.zeros((latitude.size, longitude.size))
    for length, angle, phase, weight in zip(lengths, angles, phases, weights, strict=True):
        across = 2 * np.pi / length * (longitude * np.cos(angle))
        along = 2 * np.pi / length * (latitude * np.sin(angle))
        # The addition theorem for sin(a + b) needs sines of two vectors, not of every pixel.
        field += weight * np.outer(np.sin(along + phase), np.cos(across))
        field += weight * np.outer(np.cos(along + phase), np.sin(across))
    return field
