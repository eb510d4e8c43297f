"""The site, built once into a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A browser is one for the tests of a file.
from tests.browser.conftest import _browser  # noqa: F401
from tests.site.built_site import BuiltSite

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="site", scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> BuiltSite:
    """Build it as `make site` does; any warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(build, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
    return BuiltSite.read(folder)
