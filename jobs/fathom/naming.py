"""FATHOM's conventions: source paths, group keys, grid cells, output paths and pixel values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.source_files import path_fits

# The keys of a scenario in `source_metadata`.
SCENARIO_KEYS = ("flood_type", "defense", "year", "ssp")
# Pixels are depths in centimetres; 0 is dry.
DTYPE = "int16"
NODATA = -32768
RETURN_PERIODS = ("1in5", "1in10", "1in20", "1in50", "1in100", "1in200", "1in500", "1in1000")
SSP_CODES = {"SSP1_2.6": "ssp126", "SSP2_4.5": "ssp245", "SSP3_7.0": "ssp370", "SSP5_8.5": "ssp585"}
SSP_FOLDERS = {code: folder for folder, code in SSP_CODES.items()}

_HAZARD = r"(?P<flood>COASTAL|FLUVIAL|PLUVIAL)_(?P<defense>DEFENDED|UNDEFENDED)"
_SSP = "|".join(re.escape(folder) for folder in SSP_CODES)
_FOLDER = re.compile(
    rf"(?:(?P<region>[^/]+)/)?{_HAZARD}(?:/(?P<year>\d{{4}})(?:/(?P<ssp>{_SSP}))?)?"
)
_PATH = re.compile(
    rf"(?:(?P<region>[^/]+)/)?{_HAZARD}/(?P<year>\d{{4}})/(?:(?P<ssp>{_SSP})/)?"
    rf"(?P<period>{'|'.join(RETURN_PERIODS)})-(?P=flood)-(?P=defense)-(?P=year)"
    rf"(?:-(?P<file_ssp>{_SSP}))?_(?P<tile>[ns]\d\d[ew]\d\d\d)\.tif"
)


@dataclass(frozen=True, order=True)
class Scenario:
    """The assumptions of a flood map; `flood_type` and `defense` in lower case, `ssp` or None."""

    flood_type: str
    defense: str
    year: int
    ssp: str | None

    @property
    def name(self) -> str:
        """The name in phase 1's group keys, e.g. `fluvial-defended_2030_ssp245`."""
        return "_".join([f"{self.flood_type}-{self.defense}", str(self.year), *self._ssp])

    @property
    def folder(self) -> str:
        """Folder of the source files below their region, e.g. `FLUVIAL_DEFENDED/2030/SSP2_4.5`."""
        hazard = f"{self.flood_type}_{self.defense}".upper()
        return "/".join([hazard, str(self.year), *self._ssp_folder])

    def phase1_group_key(self, tile: str) -> str:
        """Key of the eight files that become one stack."""
        return f"{tile}_{self.name}"

    def phase2_group_key(self, grid_cell: str) -> str:
        """Key of the stacks that become one merged raster."""
        return "-".join([self.name.replace("_", "-"), grid_cell])

    def file_name(self, return_period: str, tile: str) -> str:
        """Name of a source file, e.g. `1in100-FLUVIAL-DEFENDED-2030-SSP2_4.5_s02e029.tif`."""
        hazard = f"{self.flood_type}-{self.defense}".upper()
        parts = [return_period, hazard, str(self.year), *self._ssp_folder]
        return f"{'-'.join(parts)}_{tile}.tif"

    @property
    def _ssp(self) -> list[str]:
        return [self.ssp] if self.ssp else []

    @property
    def _ssp_folder(self) -> list[str]:
        return [SSP_FOLDERS[self.ssp]] if self.ssp else []


@dataclass(frozen=True)
class SourceFolder:
    """A parsed folder of the layout; parts that are below it are None."""

    flood_type: str
    year: int | None
    ssp: str | None


@dataclass(frozen=True)
class SourceName:
    """A parsed source file path. `region` is in lower case, or None without a region folder."""

    region: str | None
    scenario: Scenario
    return_period: str
    tile: str

    def source_metadata(self, grid_size: int) -> dict[str, str | int | None]:
        """The file's `source_metadata`; `grid_size` in degrees."""
        return {
            "region": self.region,
            "flood_type": self.scenario.flood_type,
            "defense": self.scenario.defense,
            "year": self.scenario.year,
            "ssp": self.scenario.ssp,
            "return_period": self.return_period,
            "tile": self.tile,
            "grid_cell": grid_cell(self.tile, grid_size),
        }


def parse_folder(path: str) -> SourceFolder | None:
    """Parses the folder of a hazard, a year or an SSP. None for others, such as a region's."""
    found = _FOLDER.fullmatch(path)
    if found is None:
        return None
    year = int(found["year"]) if found["year"] else None
    return SourceFolder(found["flood"].lower(), year, SSP_CODES.get(found["ssp"] or ""))


def parse_path(path: str) -> SourceName | None:
    """Parses a path within its container. None for a file that does not follow the layout."""
    found = _PATH.fullmatch(path)
    if found is None or found["ssp"] != found["file_ssp"]:
        return None
    if not path_fits(path) or not _on_earth(found["tile"]):
        return None
    ssp = SSP_CODES[found["ssp"]] if found["ssp"] else None
    scenario = Scenario(found["flood"].lower(), found["defense"].lower(), int(found["year"]), ssp)
    region = found["region"].lower() if found["region"] else None
    return SourceName(region, scenario, found["period"], found["tile"])


def corner(tile: str) -> tuple[int, int]:
    """Latitude and longitude of a tile's south-west corner, in degrees: `s02e029` → (-2, 29)."""
    latitude, longitude = int(tile[1:3]), int(tile[4:7])
    return -latitude if tile[0] == "s" else latitude, -longitude if tile[3] == "w" else longitude


def tile_bounds(tile: str) -> tuple[int, int, int, int]:
    """West, south, east and north of a tile of 1° × 1°, in degrees."""
    south, west = corner(tile)
    return west, south, west + 1, south + 1


def grid_cell(tile: str, grid_size: int) -> str:
    """The cell of `grid_size` degrees that contains a tile: `n04w006`, 5 → `n00-n05_w010-w005`."""
    latitude, longitude = corner(tile)
    south, west = latitude // grid_size * grid_size, longitude // grid_size * grid_size
    rows = f"{_latitude(south)}-{_latitude(south + grid_size)}"
    return f"{rows}_{_longitude(west)}-{_longitude(west + grid_size)}"


def stacked_path(prefix: str, region: str | None, tile: str, group_key: str) -> str:
    """Path of phase 1's output."""
    return _join(prefix, region, tile, f"{group_key}.tif")


def merged_path(prefix: str, region: str | None, group_key: str) -> str:
    """Path of phase 2's output."""
    return _join(prefix, region, f"{group_key}.tif")


def item_id(region: str | None, group_key: str) -> str:
    """STAC id of an output. Includes the region, because two regions may share a tile."""
    return f"{region}_{group_key}" if region else group_key


def _join(*parts: str | None) -> str:
    return "/".join(part.strip("/") for part in parts if part)


def _on_earth(tile: str) -> bool:
    latitude, longitude = corner(tile)
    return -90 <= latitude < 90 and -180 <= longitude < 180


def _latitude(degrees: int) -> str:
    return f"{'s' if degrees < 0 else 'n'}{abs(degrees):02}"


def _longitude(degrees: int) -> str:
    return f"{'w' if degrees < 0 else 'e'}{abs(degrees):03}"
