"""The official client works against the emulator, so that the emulator cannot drift from the facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import Behaviour, KeyHref, Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.peers.environment import DriverFailure, OfficialClient, openssl_path
from tests.peers.recording import ensure_key, recorded_request

GRAPH = """<graph id="Graph"><version>1.0</version>
  <node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
  <node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
    <parameters><file>$output</file><formatName>NetCDF4-CF</formatName></parameters></node>
</graph>
"""
CHAIN = "id: olci\nproduct: OLL2WFR\nformat: netcdf4\nroi: {id: baltic, NSWE: [58, 53, 15, 22]}\n"
S3_CONFIG = {
    "access_key": "GOOG1EXAMPLE",
    "secret_key": "not-a-real-secret",
    "bucket": "olci-scenes",
    "endpoint": "https://s3.waw3-2.cloudferro.com",
    "region": "waw3-2",
}
PUBLIC_CONFIG = {**S3_CONFIG, "access_key": "", "secret_key": ""}
DRIVE_CONFIG = {
    "endpoint": "https://wekeo-files.example/remote.php/dav/files/wso2_oidc-jane",
    "username": "wso2_oidc-jane",
    "password": "aaaaa-bbbbb-ccccc-ddddd-eeeee",
}
KEYS: list[dict[str, Any]] = [
    {"name": "scenes", "kind": "s3", "config": S3_CONFIG, "expire": 7200},
    {"name": "open", "kind": "s3", "config": PUBLIC_CONFIG},
    {"name": "drive", "kind": "webdav", "config": DRIVE_CONFIG},
]


@pytest.fixture
def documents(tmp_path: Path) -> dict[str, str]:
    graph, chain = tmp_path / "graph.xml", tmp_path / "chain.yaml"
    graph.write_text(GRAPH, encoding="utf-8")
    chain.write_text(CHAIN, encoding="utf-8")
    return {"graph": str(graph), "chain": str(chain)}


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[RunningEmulator]:
    """An emulator over TLS, where the official client repeats its requests."""
    with running(Options(tls_dir=tmp_path / "tls")) as emulator:
        yield emulator


def snap(documents: dict[str, str], **changes: Any) -> dict[str, Any]:
    given = [{"name": "img1", "location": "https://products.example/a.zip"}]
    return {"process": "snap-function", "graph": documents["graph"], "inputs": given, **changes}


def tailor(documents: dict[str, str], **changes: Any) -> dict[str, Any]:
    given = [{"name": "img1", "location": "https://products.example/a.SEN3"}]
    return {"process": "dataTailor", "chain": documents["chain"], "inputs": given, **changes}


SHEAR_WATER = {"process": "shearwater-demo", "area": "Sindian", "start_day": "2024-07-01", "end_day": "2024-07-02"}


def plaintexts(emulator: RunningEmulator) -> dict[str, bytes | None]:
    with emulator.model() as wire:
        return {str(key["name"]): wire.service.plaintext_of(str(key["name"])) for key in KEYS}


def test_keys_are_created_listed_and_deleted(official: OfficialClient, emulator: RunningEmulator) -> None:
    answer = official.run("keys", emulator, keys=KEYS, delete="open")
    assert [key["name"] for key in answer["listed"]] == ["eodata", "scenes", "open", "drive"]
    assert answer["got"] == answer["listed"][1:]
    assert [(key["type_"], key["expire_seconds"], key["description"]) for key in answer["got"]] == [
        ("S3", 7200, "scenes"),
        ("S3", 3600, "open"),
        ("WEBDAV", 3600, "drive"),
    ]
    assert answer["left"] == ["eodata", "scenes", "drive"]


@pytest.mark.parametrize("forced", [False, True])
def test_seals_of_every_openssl_are_opened(
    official: OfficialClient, secure: RunningEmulator, tmp_path: Path, forced: bool
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    official = replace(official, path=openssl_path(tools, forced=forced))
    official.run("keys", secure, keys=KEYS)
    sealed = {name: json.loads(text or b"") for name, text in plaintexts(secure).items()}
    assert sealed == {"scenes": S3_CONFIG, "open": PUBLIC_CONFIG, "drive": DRIVE_CONFIG}
    order = ["secret_key", "access_key", "bucket", "endpoint", "region"]
    assert [list(fields) for fields in sealed.values()] == [order, order, ["endpoint", "username", "password"]]


def test_processes_are_listed_and_described(official: OfficialClient, emulator: RunningEmulator) -> None:
    answer = official.run("processes", emulator)
    assert answer["listed"] == ["snap-function", "dataTailor", "shearwater-demo"]
    assert answer["versions"]["snap-function"] == "10.0.0"
    with emulator.model() as wire:
        log_ins = [entry.request.path for entry in wire.received if entry.request.method == "POST"]
    assert log_ins == ["/hda-broker/gettoken", "/hda-broker/refreshtoken"]


def test_jobs_run_and_their_results_are_downloaded(
    official: OfficialClient, emulator: RunningEmulator, documents: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    jobs = [snap(documents), tailor(documents), SHEAR_WATER]
    answer = official.run("jobs", emulator, jobs=jobs, folder=str(folder))
    assert [job["status"] for job in answer["jobs"]] == ["successful"] * 3
    for job in answer["jobs"]:
        assert len(job["results"]) == 12
        assert {result["rel"] for result in job["results"]} == {"result"}
    names = {result["title"].rpartition("/")[2] for job in answer["jobs"] for result in job["results"]}
    assert {file.name for file in folder.iterdir()} == names
    assert {file.stat().st_size for file in folder.iterdir()} == {4096}
    assert len(names) == 36
    assert answer["jobs"][0]["log"][-1][1] == "SNAP execution completed successfully"
    assert any("output-product: ./OLL2WFR_" in line for _, line in answer["jobs"][1]["log"])


def test_a_list_of_several_pages_is_read_to_its_end(
    official: OfficialClient, emulator: RunningEmulator, documents: dict[str, str], tmp_path: Path
) -> None:
    answer = official.run("jobs", emulator, jobs=[snap(documents)] * 21, folder=str(tmp_path / "results"))
    launched = [job["id"] for job in answer["jobs"]]
    assert [job["id"] for job in answer["listed"]] == launched[::-1]
    assert {job["status"] for job in answer["listed"]} == {"successful"}


def test_results_at_a_key_are_not_downloaded(
    official: OfficialClient, emulator: RunningEmulator, documents: dict[str, str], tmp_path: Path
) -> None:
    ensure_key(emulator, "drive")
    hrefs: list[KeyHref] = ["title", "empty", "null", "path", "absolute"]
    for href in hrefs:
        with emulator.model() as wire:
            wire.service.change_behaviour({"key_href": href})
        job = snap(documents, output="drive")
        answer = official.run("jobs", emulator, jobs=[job], folder=str(tmp_path / "results"))
        (done,) = answer["jobs"]
        assert [result["title"] for result in done["results"]] == done["refused"]
        assert len(done["refused"]) == 12


def test_a_failed_job_and_its_log_are_read(
    official: OfficialClient, emulator: RunningEmulator, documents: dict[str, str], tmp_path: Path
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("input-config"))
    answer = official.run("jobs", emulator, jobs=[snap(documents)], folder=str(tmp_path / "results"))
    assert answer["jobs"][0]["status"] == "failed"
    assert answer["jobs"][0]["log"][-1][1] == "Error: exit status 10"


@pytest.mark.parametrize("kind", ["status", "drop-after"])
def test_it_repeats_launches_over_https_so_one_submit_makes_several_jobs(
    official: OfficialClient, secure: RunningEmulator, documents: dict[str, str], kind: Any
) -> None:
    with secure.model() as wire:
        wire.faults.append(Fault(kind, "POST", "*/execution", times=2, status=503, when="after"))
    official.run("record", secure, job=snap(documents))
    with secure.model() as wire:
        assert len(wire.service.jobs.every()) == 3


def test_equal_ids_make_one_job_of_its_repetitions(
    official: OfficialClient, tmp_path: Path, documents: dict[str, str]
) -> None:
    fault = Fault("drop-after", "POST", "*/execution", times=2)
    options = Options(tls_dir=tmp_path / "tls", behaviour=Behaviour(equal_ids=True), faults=(fault,))
    with running(options) as emulator:
        answer = official.run("record", emulator, job=snap(documents))
        with emulator.model() as wire:
            assert [job.id for job in wire.service.jobs.every()] == [answer["id"]]


def test_the_client_handles_a_used_up_quota(official: OfficialClient, documents: dict[str, str]) -> None:
    with running(Options(quotas=(Quota(1, 3600.0),))) as emulator:
        official.run("record", emulator, job=snap(documents))
        with pytest.raises(DriverFailure, match="QuotaExceededError: Job quota exceeded"):
            official.run("record", emulator, job=snap(documents))


def test_an_expired_token_is_refused(official: OfficialClient) -> None:
    with running(Options(token_life=0)) as emulator, pytest.raises(DriverFailure, match="401"):
        official.run("processes", emulator)


def test_the_requests_that_it_sends_are_recorded(
    official: OfficialClient, emulator: RunningEmulator, documents: dict[str, str]
) -> None:
    job = snap(
        documents,
        inputs=[
            {"name": "img1", "location": "/a.zip", "key": "scenes"},
            {"name": "img2", "location": "https://products.example/b.zip"},
        ],
        config=[{"name": "img1", "sub_path": "xfdumanifest.xml", "uncompress": True}],
        output="drive",
    )
    request = recorded_request(official, emulator, job)
    assert request["path"] == "/serverless/processes/snap-function/execution"
    assert request["body"]["outputs"] == {"output": {"format": {"schema": "keystore://drive"}}}
    assert request["body"]["response"] == "raw"
    assert request["body"]["inputs"]["eo_input"] == (
        '[{"img1": "/a.zip", "schema": "keystore://scenes"}, {"img2": "https://products.example/b.zip"}]'
    )
    assert request["decoded"]["eo_config"] == [{"img1": {"uncompress": True, "subPath": "xfdumanifest.xml"}}]
    assert request["decoded"]["snap_graph"].startswith("<graph")


def test_the_request_of_a_chain_is_recorded(
    official: OfficialClient, emulator: RunningEmulator, documents: dict[str, str]
) -> None:
    request = recorded_request(official, emulator, tailor(documents))
    assert set(request["body"]["inputs"]) == {"epct_chain", "epct_input"}
    assert request["body"]["outputs"] == {}
    assert request["decoded"]["epct_chain"].startswith("format: netcdf4\nid: olci\nproduct: OLL2WFR\nroi:")


def test_the_request_of_shear_water_is_recorded(official: OfficialClient, emulator: RunningEmulator) -> None:
    request = recorded_request(official, emulator, SHEAR_WATER)
    assert request["body"] == {
        "inputs": {"area": "Sindian", "startDay": "2024-07-01", "endDay": "2024-07-02"},
        "outputs": {},
        "response": "raw",
    }
