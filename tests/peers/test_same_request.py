"""For the same job and the same key, our request is the official client's.

Graphs and chains are compared by their canonical form, everything else as it travels.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import marks_in
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from eocanvas_apply.engine.definition import open_project
from eocanvas_apply.engine.opening import Settings, open_engine
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.urls import Endpoints
from tests.emulator.model_client import private_key
from tests.peers.environment import OfficialClient
from tests.peers.recording import ensure_key, recorded_request

GRAPH = """<?xml version="1.0" encoding="UTF-8"?>
<!-- drawn on a desktop -->
<graph id="chlorophyll">
  <version>1.0</version>
  <node id="Read">
    <operator>Read</operator>
    <sources/>
    <parameters><file>$img1</file></parameters>
  </node>
  <node id="Mask"><operator>Read</operator><sources/><parameters><file>${img2}</file></parameters></node>
  <node id="BandMaths">
    <operator>BandMaths</operator>
    <sources><sourceProduct refid="Read"/><sourceProduct.1 refid="Mask"/></sources>
    <parameters class="com.bc.ceres.binding.dom.XppDomElement">
      <targetBands><targetBand>
        <name>chlorophyll</name><type>float32</type>
        <expression>CHL_NN &lt; 30 &amp;&amp; mask.1 ? CHL_NN : NaN</expression>
        <description>Chlorophyll, µg per litre</description>
      </targetBand></targetBands>
    </parameters>
  </node>
  <node id="Write">
    <operator>Write</operator>
    <sources><sourceProduct refid="BandMaths"/></sources>
    <parameters><file>$output</file><formatName>NetCDF4-CF</formatName></parameters>
  </node>
  <applicationData id="Presentation">
    <Description/>
    <node id="Read"><displayPosition x="37.0" y="134.0"/></node>
  </applicationData>
</graph>
"""
CHAIN = """\
product: OLL2WFR
id: olci
description: "no"
format: netcdf4
projection: geographic
resample_method: near
resample_resolution: [0.003, 0.0030]
roi: {id: baltic, name: Baltic, NSWE: [58, 53.5, 15, 22]}
filter: {id: chl, bands: [chl_nn, tsm_nn], product: OLL2WFR}
"""
DOCUMENT_FIELDS: dict[str, type[Graph] | type[Chain]] = {"snap_graph": Graph, "epct_chain": Chain}


@dataclass(frozen=True)
class Case:
    """One job: as the manifest has it (`mark` is added), and as the official client is asked for it."""

    name: str
    manifest: Mapping[str, Any]
    official: Mapping[str, Any]
    keys: tuple[str, ...] = ()


PRODUCT = "/S3B_OL_2_WFR____20240705T092739.SEN3.zip"
URL = "https://gateway.prod.wekeo2.eu/hda-broker/api/v1/dataaccess/download/66b37374b6a632e1f39b3058"
MASK = {"name": "img2", "location": "/mask.tif", "key": "scenes"}
OPENED = {"uncompress": True, "sub_path": "xfdumanifest.xml"}
CASES = (
    Case(
        "snap-with-keys",
        {
            "graph": "graph.xml",
            "inputs": {
                "img1": {"key": "scenes", "path": PRODUCT, **OPENED},
                "img2": {"key": "scenes", "path": "/mask.tif"},
            },
            "output": {"key": "results"},
        },
        {
            "process": "snap-function",
            "graph": "graph.xml",
            "inputs": [{"name": "img1", "location": PRODUCT, "key": "scenes"}, MASK],
            "config": [{"name": "img1", **OPENED}],
            "output": "results",
        },
        ("scenes", "results"),
    ),
    Case(
        "snap-with-eodata",
        {
            "graph": "graph.xml",
            "inputs": {
                "img1": {"key": "eodata", "path": "/Sentinel-3/a.SEN3", "sub_path": "xfdumanifest.xml"},
                "img2": {"key": "scenes", "path": "/mask.tif"},
            },
        },
        {
            "process": "snap-function",
            "graph": "graph.xml",
            "inputs": [{"name": "img1", "location": "/Sentinel-3/a.SEN3", "key": "eodata"}, MASK],
            "config": [{"name": "img1", "sub_path": "xfdumanifest.xml"}],
        },
        ("scenes",),
    ),
    Case(
        "snap-with-urls",
        {
            "graph": "graph.xml",
            "inputs": {
                "img1": {"url": URL, "id": "S3B_OL_2_WFR____20240705T092739", **OPENED},
                "img2": {"url": "https://products.example/mäsk.tif", "uncompress": False, "sub_path": "a.tif"},
            },
        },
        {
            "process": "snap-function",
            "graph": "graph.xml",
            "inputs": [
                {"name": "img1", "location": URL},
                {"name": "img2", "location": "https://products.example/mäsk.tif"},
            ],
            "config": [
                {"name": "img1", **OPENED},
                {"name": "img2", "uncompress": False, "sub_path": "a.tif"},
            ],
        },
    ),
    Case(
        "data-tailor",
        {
            "chain": "chain.yaml",
            "inputs": {"scene": {"key": "scenes", "path": PRODUCT, **OPENED}},
            "output": {"key": "results"},
        },
        {
            "process": "dataTailor",
            "chain": "chain.yaml",
            "inputs": [{"name": "scene", "location": PRODUCT, "key": "scenes"}],
            "config": [{"name": "scene", **OPENED}],
            "output": "results",
        },
        ("scenes", "results"),
    ),
    Case(
        "shear-water",
        {
            "process": "shearwater-demo",
            "inputs": {"area": "Sindian", "startDay": "2024-07-01", "endDay": "2024-07-02"},
            "output": {"key": "results"},
        },
        {
            "process": "shearwater-demo",
            "area": "Sindian",
            "start_day": "2024-07-01",
            "end_day": "2024-07-02",
            "output": "results",
        },
        ("results",),
    ),
)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(private_key=private_key())) as emulator:
        yield emulator


@dataclass
class Ours:
    """Our tool in a folder of its own."""

    folder: Path
    emulator: RunningEmulator
    environ: Mapping[str, str] = field(default_factory=dict)

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Apply a manifest and wait for nothing."""
        self.folder.mkdir()
        (self.folder / "graph.xml").write_text(GRAPH, encoding="utf-8")
        (self.folder / "chain.yaml").write_text(CHAIN, encoding="utf-8")
        # JSON is YAML too.
        (self.folder / "eocanvas.yaml").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
        project = open_project(self.folder / "eocanvas.yaml")
        me = Credentials(DEFAULT_USER.name, Secret(DEFAULT_USER.password))
        settings = Settings(Endpoints(self.emulator.url, self.emulator.token_url), me, self.environ)

        async def applied() -> None:
            async with open_engine(project, settings) as engine:
                await engine.apply(Requests(), timedelta(), lambda _: None)

        asyncio.run(applied())

    def launch(self, case: Case, *, mark: bool) -> dict[str, Any]:
        """Launch a case's job and return the request, in the form of the official client's record."""
        for name in case.keys:
            ensure_key(self.emulator, name)
        keys = {name: {"type": "existing", "name": name, "storage": "s3"} for name in case.keys}
        job = {**case.manifest, "mark": mark}
        self.apply({"version": 1, "project": "same", "keys": keys, "jobs": {"same": job}})
        (launch,) = posts(self.emulator, "/execution")
        return launch


def posts(emulator: RunningEmulator, ending: str) -> list[dict[str, Any]]:
    """Return the creating requests to an address, and forget all that was received."""
    with emulator.model() as wire:
        received = [entry.document() for entry in wire.received]
        wire.received.clear()
    found = [entry for entry in received if entry["method"] == "POST" and entry["path"].endswith(ending)]
    return [{name: entry[name] for name in ("path", "body", "decoded")} for entry in found]


def theirs(official: OfficialClient, emulator: RunningEmulator, case: Case, folder: Path) -> dict[str, Any]:
    documents = {name: folder / case.official[name] for name in ("graph", "chain") if name in case.official}
    for path in documents.values():
        path.write_text(GRAPH if path.suffix == ".xml" else CHAIN, encoding="utf-8")
    job = {**case.official, **{name: str(path) for name, path in documents.items()}}
    request = recorded_request(official, emulator, job)
    posts(emulator, "/execution")
    return request


def comparable(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with its document in canonical form."""
    request = deepcopy(request)
    for name, kind in DOCUMENT_FIELDS.items():
        if name in request["decoded"]:
            canonical = kind.parse(request["decoded"][name], name).canonical()
            request["decoded"][name] = request["body"]["inputs"][name] = canonical
    return request


def marks(request: dict[str, Any]) -> int:
    return len(marks_in(json.dumps(request["decoded"])))


@each_case
def test_our_launch_request_equals_the_official_one(
    case: Case, official: OfficialClient, emulator: RunningEmulator, tmp_path: Path
) -> None:
    wanted = theirs(official, emulator, case, tmp_path)
    request = Ours(tmp_path / "ours", emulator).launch(case, mark=False)
    assert comparable(request) == comparable(wanted)
    assert list(request["body"]) == list(wanted["body"])
    assert list(request["body"]["inputs"]) == list(wanted["body"]["inputs"])
    assert marks(request) == 0


@each_case
def test_the_mark_is_the_only_difference(case: Case, emulator: RunningEmulator, tmp_path: Path) -> None:
    plain = Ours(tmp_path / "plain", emulator).launch(case, mark=False)
    marked = Ours(tmp_path / "marked", emulator).launch(case, mark=True)
    assert comparable(marked) == comparable(plain)

    carries = [name for name in DOCUMENT_FIELDS if name in plain["decoded"]]
    assert marks(marked) == len(carries)
    for name in carries:
        assert without_mark(marked["decoded"][name]) == plain["decoded"][name]


def without_mark(text: str) -> str:
    (mark,) = marks_in(text)
    (line,) = [line for line in text.splitlines(keepends=True) if str(mark) in line]
    # All of the line is the mark: a comment in a graph, the name in a chain.
    assert line.strip() in (f"<!-- {mark} -->", f"<!--{mark}-->", f"name: {mark}")
    return text.replace(line, "")


S3 = {"bucket": "olci-scenes", "endpoint": "https://s3.waw3-2.cloudferro.com", "region": "waw3-2"}
DRIVE_USER = "wso2_oidc-jane"
DRIVE = {
    "endpoint": f"https://wekeo-files.prod.wekeo2.eu/remote.php/dav/files/{DRIVE_USER}",
    "username": DRIVE_USER,
}
SECRETS = {"ACCESS": "GOOG1EXAMPLE", "SECRET": "not-ä-real-secret/+=", "PASSWORD": "aaaaa-bbbbb-ccccc-ddddd-eeeee"}
FROM = {field: {"env": name} for field, name in (("access_key", "ACCESS"), ("secret_key", "SECRET"))}
KEYS: dict[str, dict[str, Any]] = {
    "s3": {"type": "s3", **S3, **FROM},
    "s3-public": {"type": "s3-public", **S3},
    "wekeo-drive": {"type": "wekeo-drive", "username": "jane", "password": {"env": "PASSWORD"}},
    "webdav": {"type": "webdav", **DRIVE, "password": {"env": "PASSWORD"}},
}
OFFICIAL_KEYS = {
    "s3": ("s3", {**S3, "access_key": SECRETS["ACCESS"], "secret_key": SECRETS["SECRET"]}),
    "s3-public": ("s3", {**S3, "access_key": "", "secret_key": ""}),
    "wekeo-drive": ("webdav", {**DRIVE, "password": SECRETS["PASSWORD"]}),
    "webdav": ("webdav", {**DRIVE, "password": SECRETS["PASSWORD"]}),
}


def opened(request: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was sealed in the only key of a request, field by field in its order."""
    (fields,) = request["body"].values()
    plaintext = private_key().decrypt(base64.b64decode(fields["data"]), padding.PKCS1v15())
    return list(json.loads(plaintext).items())


def shape(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request without what is meant to differ; the type of each part stays."""
    ((name, fields),) = request["body"].items()
    kinds = {part: type(fields[part]).__name__ for part in ("expire", "description", "data")}
    return {"path": request["path"], "name": name, "fields": {**fields, **kinds}, "order": list(fields)}


@pytest.mark.parametrize("kind", KEYS)
def test_our_key_request_equals_the_official_one(
    kind: str, official: OfficialClient, emulator: RunningEmulator, tmp_path: Path
) -> None:
    storage, config = OFFICIAL_KEYS[kind]
    official.run("keys", emulator, keys=[{"name": "the-key", "kind": storage, "config": config}], delete="the-key")
    (wanted,) = posts(emulator, "/keys")

    key = {**KEYS[kind], "name": "the-key"}
    Ours(tmp_path / "ours", emulator, SECRETS).apply({"version": 1, "project": "same", "keys": {"key": key}})
    (request,) = posts(emulator, "/keys")

    assert shape(request) == shape(wanted)
    assert opened(request) == opened(wanted)
