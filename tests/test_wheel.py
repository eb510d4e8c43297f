"""The wheel that a user installs: every file of the package is in it, with the commands and the licence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "eocanvas_apply"


@pytest.fixture(name="wheel", scope="module")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.iterdir()
    return ZipFile(path)


def test_every_file_of_the_package_is_in_the_wheel(wheel: ZipFile) -> None:
    files = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    expected = {name for name in files if "__pycache__" not in name}
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected
    assert {"eocanvas_apply/py.typed", "eocanvas_apply/checks/data/codes.toml"} <= expected


def test_the_wheel_installs_both_commands_and_the_licence(wheel: ZipFile) -> None:
    metadata = {name.partition(".dist-info/")[2]: name for name in wheel.namelist() if ".dist-info/" in name}
    commands = wheel.read(metadata["entry_points.txt"]).decode()
    assert "eocanvas-apply = eocanvas_apply.cli:main" in commands
    assert "eoc = eocanvas_apply.cli:main" in commands
    assert wheel.read(metadata["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()
