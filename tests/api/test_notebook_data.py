"""Results as a table of pandas and as data of xarray, and what is said where that cannot be."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import eocanvas_apply as eoc

FIELDS = """\
    for_each:
      - list: [{id: north, tile: 007, bbox: [1, 2, 3, 4]}, {id: south, tile: 12, name: Süd}]
"""
INSTALL = "pip install 'eocanvas-apply[notebook]'"


@pytest.fixture(name="applied")
def _applied(manifest: Path) -> Path:
    """Return the manifest, applied; its rows have fields."""
    text = manifest.read_text(encoding="utf-8").replace("    for_each: {list: [north, south, west]}\n", FIELDS)
    manifest.write_text(text.replace("${each.value}", "${each.id}"), encoding="utf-8")
    with eoc.open(manifest) as project:
        assert project.apply(project.plan(), wait="2m").exit_code == 0
    return manifest


def row(path: Path, file: str = "out.nc", address: str = 'job.tiles["north"]', state: str = "here") -> eoc.Result:
    return eoc.Result(address, "id", file, 1, "0", state, path)


def test_results_are_a_table_with_the_fields_of_the_rows(applied: Path) -> None:
    with eoc.open(applied) as project:
        results = project.results("tiles")
    table = results.to_dataframe()
    assert [*table.columns] == [
        *("address", "instance", "each.bbox", "each.name", "each.tile", "job_id", "created", "finished", "state"),
        *("file", "path", "size", "sha256", "location", "remarks"),
    ]
    assert [*table["instance"]] == ["north", "south"]
    assert [*table["each.tile"]] == [7, 12]
    assert table["each.bbox"][0] == [1, 2, 3, 4]
    assert table["each.name"][1] == "Süd"
    assert pd.isna(table["each.name"][0])
    assert [*table["path"]] == results.paths()
    assert table["size"].dtype == "Int64"
    assert int(table["size"].sum()) == sum(path.stat().st_size for path in results.paths())
    assert str(table["created"].dtype).endswith("UTC]")
    assert (table["finished"] >= table["created"]).all()
    assert (table["created"] <= datetime.now(UTC)).all()
    assert len({*results}) == 2


def test_a_table_of_no_results_and_of_some_that_are_not_here(tmp_path: Path) -> None:
    assert "each.tile" not in eoc.Results(()).to_dataframe().columns
    away = eoc.Result("job.one", "id", "out.nc", None, None, "pending", tmp_path)
    table = eoc.Results((away,)).to_dataframe()
    assert table["size"].isna().all()
    assert table["created"].isna().all()
    assert (table["path"][0], table["instance"][0]) == (None, None)
    assert eoc.Results((away,)).paths() == []


def test_results_of_a_campaign_are_opened_by_their_instances(applied: Path) -> None:
    with eoc.open(applied) as project:
        results = project.results("tiles")
        both = results.open()
        one = project.results("tiles/north").open()
    assert isinstance(both, dict)
    assert [*both] == ["north", "south"]
    assert isinstance(one, xr.Dataset)
    assert one.equals(both["north"])
    assert not one.equals(both["south"])
    assert one["band_1"].dims == ("lat", "lon")
    for each in (one, *both.values()):
        each.close()


def test_names_of_opened_results_are_apart(applied: Path) -> None:
    with eoc.open(applied) as project:
        first, second = project.results()
    folder, north, south = first.folder, first.file, second.file
    files = [
        row(folder, north),
        row(folder, south, address='job.other["north"]'),
        row(folder, south, address="job.one"),
    ]
    opened = eoc.Results(tuple(files)).open()
    assert [*opened] == ['job.tiles["north"]', 'job.other["north"]', "job.one"]
    of_one_job = eoc.Results((row(folder, north), row(folder, south))).open()
    assert [*of_one_job] == [f"north/{Path(north).name}", f"north/{Path(south).name}"]
    for each in (*opened.values(), *of_one_job.values()):
        each.close()


def test_a_geotiff_is_opened_with_rioxarray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from eocanvas_apply.emulator.formats.geotiff import geotiff
    from eocanvas_apply.emulator.formats.made_up_grid import GOTLAND

    (tmp_path / "out.TIF").write_bytes(geotiff("seed", 4096, GOTLAND) or b"")
    with row(tmp_path, "out.TIF").open() as opened:
        assert opened["band_data"].dims == ("band", "y", "x")
    monkeypatch.setitem(sys.modules, "rioxarray", None)
    with pytest.raises(eoc.UsageError, match=r"needs rioxarray, which is not installed \(pip install rioxarray\)"):
        row(tmp_path, "out.TIF").open()


@pytest.mark.parametrize("file", ["out.zip", "S3A_OL_2_WFR.SEN3", "out.dim", "out"])
def test_other_formats_are_not_opened(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(b"PK")
    with pytest.raises(eoc.UsageError, match="not a format that is opened with xarray") as refused:
        row(tmp_path, file).open()
    assert file in str(refused.value)
    assert "unpacked first" in str(refused.value)


@pytest.mark.parametrize(("file", "kind"), [("out.nc", "NetCDF"), ("out.tif", "GeoTIFF")])
def test_a_broken_file_is_named(file: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(b"CDF\x01 and no more")
    with pytest.raises(eoc.UsageError, match=f"{file}: not readable as {kind}: ") as refused:
        row(tmp_path, file).open()
    assert [each.code for each in refused.value.diagnostics] == ["file-unreadable"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("missing", r"out\.nc was downloaded, and is gone .*--refetch"),
        ("pending", r"not downloaded yet \(apply downloads it, or eocanvas-apply results --fetch\)"),
        ("at-key", "in the storage of a key, not on this machine"),
    ],
)
def test_a_result_that_is_not_here_is_not_opened(state: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(eoc.UsageError, match=said):
        eoc.Results((row(tmp_path, state=state),)).open()


def test_no_results_cannot_be_opened(manifest: Path) -> None:
    with eoc.open(manifest) as project, pytest.raises(eoc.UsageError, match="there is no result to open"):
        project.results().open()


@pytest.mark.parametrize("package", ["pandas", "xarray", "netCDF4"])
def test_a_missing_package_is_named_with_the_line_that_installs_it(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.nc").write_bytes(b"")
    monkeypatch.setitem(sys.modules, package, None)
    results = eoc.Results((row(tmp_path),))
    with pytest.raises(eoc.UsageError) as refused:
        results.to_dataframe() if package == "pandas" else results.open()
    [found] = refused.value.diagnostics
    assert (found.code, found.hint) == ("extra-missing", INSTALL)
    assert f"needs {package}, which is not installed" in found.message


def test_the_packages_are_imported_when_they_are_asked_for() -> None:
    code = "import sys, eocanvas_apply.api.blocking, eocanvas_apply.api.results, eocanvas_apply.cli.commands.apply;"
    code += "print({'pandas', 'xarray', 'netCDF4', 'numpy', 'IPython', 'matplotlib'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
