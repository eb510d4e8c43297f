"""A campaign with a pipeline behind it and a job whose result lies at a key, all of them done."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import Project

PRODUCT = "S3A_OL_2_WFR____20240706T094017_20240706T094317_20240707T221212_0180_114_193"
TOKENS = ("tok3n-of-the-archive", "s1gnature-of-an-hour")
MANIFEST = f"""\
version: 1
project: coast
keys:
  out:
    type: s3
    bucket: maps
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {{env: SCENES_ACCESS_KEY}}
    secret_key: {{env: SCENES_SECRET_KEY}}
jobs:
  islands:
    for_each: {{geojson: islands.geojson, id: "${{each.name}}"}}
    graph: subset.xml
    params: {{aoi: "${{each.wkt}}"}}
    inputs:
      img1: {{url: "https://data.example.org/{PRODUCT}/${{each.id}}.nc?X-Amz-Signature={TOKENS[1]}&token={TOKENS[0]}"}}
  merged:
    for_each: {{job: islands}}
    chain: {{product: OLL2WFR, format: netcdf4, roi: {{id: baltic, name: Baltic, NSWE: [58, 53, 15, 22]}}}}
    inputs: {{img1: {{result: islands}}}}
  maps:
    graph: subset.xml
    params: {{aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}}
    inputs: {{img1: {{key: eodata, path: /Sentinel-3/map.nc}}}}
    output: {{key: out}}
"""
# What rows hold that is not for the public.
ROW = {
    "quicklook": f"/quicklooks/a.jpg?X-Amz-Signature={TOKENS[1]}",
    "sas": f"sv=2020-08-04&sig={TOKENS[1]}",
    "auth": f"Bearer {TOKENS[0]}",
    "api_token": TOKENS[0],
    "note": f"password: {TOKENS[0]}",
}
ISLANDS = {"gotland": 18.2, "oland": 16.5}


@dataclass
class Coast:
    """The project, and what its commands wrote."""

    project: Project

    @property
    def folder(self) -> Path:
        return self.project.folder

    def write(self, form: str, *words: str) -> str:
        """Write what made the results, and return what the command says, with paths from the project's folder."""
        assert self.project.run("results", "--format", form, *words) == 0, self.project.err
        return self.project.out.replace(f"{self.folder}/", "")

    def read(self, path: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / path).read_text(encoding="utf-8"))
        return document

    def item(self, job: str, instance: str = "") -> dict[str, Any]:
        """Return the only item of a job, or of one instance."""
        (path,) = (self.folder / "results" / job / instance).glob("*.stac.json")
        return self.read(str(path))

    def result(self, job: str, instance: str = "") -> Path:
        (path,) = (self.folder / "results" / job / instance).glob("*.nc")
        return path

    def commit(self) -> str:
        """Put the project into Git, and return the commit."""
        self.git("init", "-q")
        self.git("add", "eocanvas.yaml", "subset.xml", "islands.geojson")
        self.git("-c", "user.name=Jane", "-c", "user.email=jane@example.org", "commit", "-qm", "The coast")
        self.git("remote", "add", "origin", f"https://jane:{TOKENS[0]}@git.example.org/coast.git")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()


def _feature(name: str, west: float) -> dict[str, object]:
    ring = [[west, 57], [west + 1, 57], [west + 1, 58], [west, 58], [west, 57]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"name": name}, "geometry": geometry}


@pytest.fixture(name="coast")
def _coast(project: Project, emulator: RunningEmulator) -> Coast:
    project.manifest.write_text(MANIFEST, encoding="utf-8")
    collection = {"type": "FeatureCollection", "features": [_feature(*each) for each in ISLANDS.items()]}
    (project.folder / "islands.geojson").write_text(json.dumps(collection), encoding="utf-8")
    with emulator.model() as wire:
        wire.service.change_behaviour({"log_shows_version": True})
    assert project.run("apply", "--yes") == 0, project.err
    return Coast(project)
