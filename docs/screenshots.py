"""Makes the pictures of the documentation: `python -m docs.screenshots`, or `make screenshots`.

A real run on a terminal and the report in a browser, of a project that works against the emulator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

from docs.terminal_session import Recording, animated
from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.browser import chromium
from tests.site.internet import internet

ROOT = Path(__file__).parent.parent
ASSETS = Path(__file__).parent / "assets"
COMMANDS = (("eocanvas-apply plan", ""), ("eocanvas-apply apply", "yes"), ("eocanvas-apply status", ""))


def session(folder: Path) -> str:
    """Return the recording of a campaign from plan to status."""
    project = copytree(ROOT / "examples" / "search-campaign", folder / "project")
    service = {"job_time": 3.0, "quotas": (Quota(3, 3),), "behaviour": Behaviour(order_time=2.0)}
    with internet(folder / "internet", **service) as outside:
        environ = {**_plain(folder), "TERM": "xterm-256color", "EOCANVAS_APPLY_POLL": "1s", **outside.environ}
        recording = Recording(project, environ)
        for command, answer in COMMANDS:
            if code := recording.run(command, answer):
                raise SystemExit(f"`{command}` ended with {code}")
    return animated(recording, "eocanvas-apply plan, apply and status of a campaign")


def report(folder: Path) -> Path:
    """Return a report of a campaign over the Baltic Sea while its quota is used up: done, failed, waiting."""
    project = copytree(ROOT / "examples" / "campaign", folder / "project")
    (project / "islands.geojson").write_text(json.dumps(_squares()), encoding="utf-8")
    (project / "tiles.csv").unlink()
    (project / "eocanvas.yaml").write_text(_CAMPAIGN, encoding="utf-8")
    faults = (JobFault("graph", "*N55-E18*"), JobFault("killed", "*N56-E20*"))
    service = {"storage": "none", "quotas": (Quota(16, 3600),), "job_faults": faults}
    with internet(folder / "internet", **service) as outside:
        environ = {**_plain(folder), **outside.environ, "EOCANVAS_APPLY_POLL": "300ms"}
        for words in ("apply --yes --wait 12s", "report"):
            command = [sys.executable, "-m", "eocanvas_apply", *words.split()]
            subprocess.run(command, cwd=project, env=environ, check=False, capture_output=True)  # noqa: S603
    return project / "report.html"


_CAMPAIGN = """
version: 1
project: baltic-lowlands
keys:
  dem: {type: s3-public, bucket: copernicus-dem-30m, region: eu-central-1, endpoint: "https://s3.eu-central-1.amazonaws.com"}
jobs:
  lowlands:
    for_each: {geojson: islands.geojson}
    graph: graphs/lowlands.xml
    params: {aoi: "${each.wkt}", height: 5}
    inputs: {dem: {key: dem, path: "/${each.id}.tif"}}
    output: {download: results/lowlands}
quota: [{jobs: 16, per: 1h}, {jobs: 100, per: 30d}]
"""


def _squares() -> dict[str, Any]:
    """Return the squares of one degree over the middle of the Baltic Sea."""
    corners = [(west, south) for south in range(55, 60) for west in range(16, 22)]
    return {"type": "FeatureCollection", "features": [_square(*corner) for corner in corners]}


def _square(west: int, south: int) -> dict[str, Any]:
    ring = [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]
    properties = {"id": f"N{south}-E{west}"}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _plain(folder: Path) -> dict[str, str]:
    account = {"HDA_USER": "jane", "HDA_PASSWORD": "correct-horse"}
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **account}


def photographed(page: Path) -> bytes:
    """Return a picture of the beginning of a report in a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1200, "height": 1330})
        opened.goto(page.as_uri(), wait_until="networkidle")
        picture = opened.screenshot()
        browser.close()
    return picture


PICTURES: Mapping[str, Callable[[Path], bytes]] = {
    "session.svg": lambda folder: session(folder).encode(),
    "report.png": lambda folder: photographed(report(folder)),
}


def write(folder: Path = ASSETS) -> None:
    """Write all pictures."""
    for name, picture in PICTURES.items():
        with TemporaryDirectory() as scratch:
            (folder / name).write_bytes(picture(Path(scratch)))


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
