"""Small pictures of results: which band is picked, how large it is, and what has none."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import rasterio
from PIL import Image

from eocanvas_apply.emulator.formats.geotiff import geotiff
from eocanvas_apply.emulator.formats.made_up_grid import Area
from eocanvas_apply.emulator.formats.netcdf import netcdf
from eocanvas_apply.results.thumbnails import thumbnail

BALTIC = Area(south=58, north=59, west=20, east=21)


def _pixels(file: Path) -> Any:
    found = thumbnail(file)
    assert found
    return np.asarray(Image.open(io.BytesIO(found)))


def _written(file: Path, content: bytes | None) -> Path:
    assert content
    file.write_bytes(content)
    return file


def test_files_of_jobs_have_pictures(tmp_path: Path) -> None:
    for name, content in (("a.tif", geotiff("a", 40_000, BALTIC)), ("a.nc", netcdf("a", 40_000, BALTIC, ["chl"]))):
        pixels = _pixels(_written(tmp_path / name, content))
        assert pixels.shape[2] == 2
        assert len(np.unique(pixels[:, :, 0])) > 50


def test_a_large_geotiff_is_small_and_clear_where_it_has_no_data(tmp_path: Path) -> None:
    file = tmp_path / "large.tif"
    band = np.tile(np.arange(1000, dtype="float32"), (500, 1))
    band[:, :500] = -9999
    place = rasterio.transform.from_bounds(20, 58, 22, 59, 1000, 500)
    how: dict[str, Any] = {"driver": "GTiff", "dtype": "float32", "nodata": -9999, "compress": "deflate"}
    with rasterio.open(file, "w", width=1000, height=500, count=1, transform=place, **how) as raster:
        raster.write(band, 1)
    pixels = _pixels(file)
    assert pixels.shape == (80, 160, 2)
    assert pixels[:, :79, 1].max() == 0
    assert pixels[:, 81:, 1].min() == 255
    assert pixels[40, 90, 0] < pixels[40, 150, 0]


def test_the_first_variable_that_is_a_picture_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "many.nc"
    with netCDF4.Dataset(file, "w") as dataset:
        for name, size in (("time", 1), ("y", 400), ("x", 300)):
            dataset.createDimension(name, size)
        dataset.createVariable("lat", "f4", ("y", "x"))[:] = 1
        flags = dataset.createVariable("quality", "u1", ("y", "x"))
        flags.flag_masks = np.array([1, 2], dtype="u1")
        dataset.createVariable("profile", "f4", ("y",))[:] = 1
        dataset.createGroup("data").createVariable("chl", "f4", ("time", "y", "x"))[:] = np.arange(300)
    pixels = _pixels(file)
    assert pixels.shape == (134, 100, 2)
    assert pixels[0, 0, 0] < pixels[0, -1, 0]


@pytest.mark.parametrize("name", ["a.tif", "a.nc", "a.zip", "a"])
def test_what_is_no_picture_has_none(tmp_path: Path, name: str) -> None:
    assert thumbnail(_written(tmp_path / name, b"no picture at all" * 100)) is None
    assert thumbnail(tmp_path / f"absent-{name}") is None


def test_a_band_without_numbers_has_none(tmp_path: Path) -> None:
    file = tmp_path / "empty.nc"
    with netCDF4.Dataset(file, "w") as dataset:
        dataset.createDimension("y", 4)
        dataset.createDimension("x", 4)
        dataset.createVariable("chl", "f4", ("y", "x"))[:] = np.nan
    assert thumbnail(file) is None


@pytest.mark.parametrize("missing", ["rasterio", "PIL", "numpy"])
def test_without_a_package_there_is_none(tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _written(tmp_path / "a.tif", geotiff("a", 40_000, BALTIC))
    monkeypatch.setitem(sys.modules, missing, None)
    assert thumbnail(file) is None


def test_a_file_that_names_another_one_is_no_picture(tmp_path: Path) -> None:
    other = _written(tmp_path / "other.tif", geotiff("a", 40_000, BALTIC))
    band = f'<VRTRasterBand dataType="Float32" band="1"><SimpleSource><SourceFilename>{other}</SourceFilename>'
    text = f'<VRTDataset rasterXSize="9" rasterYSize="9">{band}</SimpleSource></VRTRasterBand></VRTDataset>'
    assert thumbnail(_written(tmp_path / "a.tif", text.encode())) is None
