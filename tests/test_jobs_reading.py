"""What a raster is opened as: a GeoTIFF, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError

from jobs.reading import open_raster, unplaced_allowed
from tests.rasters import write_raster

VRT = """<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1">
<SimpleSource><SourceFilename>{path}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>
</VRTRasterBand></VRTDataset>"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A raster that a job has no business with."""
    folder = tmp_path / "private"
    folder.mkdir()
    write_raster(folder / "secret.tif", np.full((1, 2, 2), 7, "uint8"))
    return folder / "secret.tif"


@pytest.mark.parametrize("name", ["a.tif", "a.vrt"])
def test_a_virtual_raster_reads_no_other_file(secret: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(VRT.format(path=secret))
    with unplaced_allowed(), rasterio.open(file) as raster:
        assert raster.read(1).max() == 7, "GDAL itself would"
    with pytest.raises(RasterioIOError), open_raster(file):
        pass


@pytest.mark.parametrize("suffix", [".msk", ".ovr"])
def test_what_is_beside_a_file_has_to_be_a_tiff_too(
    secret: Path, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / "a.tif"
    write_raster(file, np.ones((1, 2, 2), "uint8"))
    file.with_name(f"a.tif{suffix}").write_text(VRT.format(path=secret))
    with (
        pytest.raises(RasterioIOError, match=f"a.tif{suffix} beside it is no TIFF"),
        open_raster(file),
    ):
        pass


@pytest.mark.parametrize("driver", ["PNG", "HFA", "ENVI"])
def test_other_formats_are_no_geotiffs(tmp_path: Path, driver: str) -> None:
    file = tmp_path / "a.tif"
    write_raster(file, np.ones((1, 2, 2), "uint8"), driver=driver)
    with pytest.raises(RasterioIOError), open_raster(file):
        pass
