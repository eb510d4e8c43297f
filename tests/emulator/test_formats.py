"""The files that the emulator's jobs leave are opened by those programs that read the service's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import xarray as xr
import yaml

from eocanvas_apply.emulator.formats.geotiff import geotiff
from eocanvas_apply.emulator.formats.made_up_grid import GOTLAND
from eocanvas_apply.emulator.formats.netcdf import netcdf
from eocanvas_apply.emulator.model.job_files import Output, outputs_of
from eocanvas_apply.emulator.model.submissions import Execution

JOB = "1d8f3f5e-1111-4222-8333-444455556666"
CHAIN = {"product": "OLL2WFR", "filter": {"bands": ["chl_nn", "tsm_nn"]}, "roi": {"NSWE": [58, 53, 15, 22]}}
GRAPH = "<graph><aoi>POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))</aoi>{write}</graph>"
WRITE = '<node id="Write"><parameters><formatName>GeoTIFF</formatName></parameters></node>'


def made(execution: Execution, folder: Path, size: int = 4096) -> Path:
    """Return the file that a job leaves."""
    [output] = outputs_of(JOB, execution, 1, size)
    path = folder / output.name
    path.write_bytes(output.content(JOB))
    assert path.stat().st_size == size
    return path


def execution(process: str, document: str) -> Execution:
    return Execution(process, {}, document.encode(), (), None, "")


def test_a_chain_leaves_its_bands_in_its_region(tmp_path: Path) -> None:
    with xr.open_dataset(made(execution("dataTailor", yaml.safe_dump(CHAIN)), tmp_path)) as found:
        assert set(found.data_vars) == {"chl_nn", "tsm_nn"}
        assert found["chl_nn"].dims == ("lat", "lon")
        assert 53 < float(found["lat"].min()) < 54 < 57 < float(found["lat"].max()) < 58
        assert 15 < float(found["lon"].min()) < 16 < 21 < float(found["lon"].max()) < 22
        values = found["chl_nn"].to_numpy()
        assert values.min() >= 0
        assert values.max() <= 10
        assert values.std() > 0.5


def test_a_graph_leaves_a_geotiff_around_its_polygon(tmp_path: Path) -> None:
    path = made(execution("snap-function", GRAPH.format(write=WRITE)), tmp_path)
    with xr.open_dataset(path, engine="rasterio") as found:
        assert found["band_data"].rio.crs.to_epsg() == 4326
        assert found.rio.bounds() == pytest.approx((20, 58, 21, 59))
        assert float(found["band_data"].std()) > 0.5


@pytest.mark.parametrize(
    "document", ["nonsense: [", "roi: {NSWE: [1, 2]}", "roi: 7", "filter: 3", "filter: {bands: []}", ""]
)
def test_a_chain_without_region_or_bands_leaves_a_file_all_the_same(document: str, tmp_path: Path) -> None:
    with xr.open_dataset(made(execution("dataTailor", document), tmp_path)) as found:
        assert list(found.data_vars) == ["band_1"]
        assert float(found["lat"].max()) < GOTLAND.north


@pytest.mark.parametrize("size", [0, 1, 100, 400, 560, 800, 5000, 90_000])
def test_a_file_has_the_size_that_was_asked_for(size: int, tmp_path: Path) -> None:
    for suffix in ("nc", "tif", "txt"):
        assert len(Output(f"a.{suffix}", size).content(JOB)) == size
    for content in (netcdf("seed", size, GOTLAND, ("band_1",)), geotiff("seed", size, GOTLAND)):
        assert content is None or len(content) <= size
    if content := netcdf("seed", size, GOTLAND, ("band_1",)):
        (tmp_path / "a.nc").write_bytes(content)
        with xr.open_dataset(tmp_path / "a.nc") as found:
            assert found["band_1"].size >= 4


def test_a_job_leaves_the_same_bytes_each_time_and_no_other_job_does() -> None:
    output = Output("a.nc", 4096)
    assert output.content(JOB) == replace(output).content(JOB)
    assert output.content(JOB) != output.content("another")
    assert Output("a.nc", 3, b"abc").content(JOB) == b"abc"
