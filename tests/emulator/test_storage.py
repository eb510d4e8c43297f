from __future__ import annotations

import hashlib
import io
import json
import ssl
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.emulator.model_client import private_key, seal, snap_body
from tests.emulator.storages import REGION, Certificate, certificate_in, s3_server, webdav_server

ACCESS, SECRET = "the-access-key", "the-secret-key"
DRIVE_USER, DRIVE_PASSWORD = "wso2_oidc-jane", "app-password"
MANIFEST = b"<manifest/>"
EODATA = {"Sentinel-3/a.SEN3/xfdumanifest.xml": MANIFEST, "Sentinel-3/a.SEN3/chl.nc": b"chlorophyll"}


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.SEN3/", b"")
        for name, content in files.items():
            archive.writestr(f"a.SEN3/{name}", content)
    return buffer.getvalue()


@dataclass
class World:
    """An emulator that really reads and writes, and the storages around it."""

    emulator: RunningEmulator
    client: httpx.Client
    s3: Any
    s3_endpoint: str
    drive: Path
    drive_endpoint: str

    def create_bucket(self, **objects: bytes) -> str:
        name = f"bucket-{uuid.uuid4()}"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        for path, content in objects.items():
            self.s3.put_object(Bucket=name, Key=path, Body=content)
        return name

    def s3_key(self, bucket: str, /, **changes: str) -> str:
        fields = {"secret_key": SECRET, "access_key": ACCESS, "bucket": bucket, "endpoint": self.s3_endpoint}
        return self.create_key("S3", {**fields, "region": REGION, **changes})

    def drive_key(self, **changes: str) -> str:
        fields = {"endpoint": self.drive_endpoint, "username": DRIVE_USER, "password": DRIVE_PASSWORD}
        return self.create_key("WEBDAV", {**fields, **changes})

    def create_key(self, kind: str, fields: dict[str, str]) -> str:
        name = f"key-{uuid.uuid4()}"
        data = seal(json.dumps(fields, separators=(",", ":")).encode())
        answer = self.client.post("/keys", json={name: {"type": kind, "data": data}})
        assert answer.status_code == 201, answer.text
        return name

    def run(self, body: dict[str, Any]) -> tuple[str, str]:
        """Launch a job and wait for its end; gives its id and status."""
        job_id = self.client.post("/processes/snap-function/execution", json=body).json()["jobID"]
        end = time.monotonic() + 60
        while (status := self.client.get(f"/jobs/{job_id}").json()["status"]) in ("accepted", "running"):
            assert time.monotonic() < end, "the job does not end"
            time.sleep(0.02)
        return job_id, status

    def log(self, job_id: str) -> str:
        return "\n".join(entry["message"] for entry in self.client.get(f"/jobs/{job_id}/logs").json())

    def results(self, job_id: str) -> Any:
        return self.client.get(f"/jobs/{job_id}/results").json()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def world(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    drive = tmp_path_factory.mktemp("drive")
    (drive / "files").mkdir()
    options = Options(
        storage="real", ca_file=certificate.authority, eodata=EODATA, job_time=0.1, private_key=private_key()
    )
    with (
        s3_server(certificate, {ACCESS: SECRET}, public=["public-bucket"]) as s3_endpoint,
        webdav_server(certificate, drive, {DRIVE_USER: DRIVE_PASSWORD}) as dav_origin,
        running(options) as emulator,
        httpx.Client(base_url=emulator.url, trust_env=False, timeout=20) as client,
    ):
        log_in = {"username": DEFAULT_USER.name, "password": DEFAULT_USER.password}
        token = client.post(emulator.token_url, json=log_in).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        s3 = boto3.session.Session(ACCESS, SECRET, region_name=REGION).client(
            "s3",
            endpoint_url=s3_endpoint,
            verify=str(certificate.authority),
            config=Config(s3={"addressing_style": "path"}),
        )
        yield World(emulator, client, s3, s3_endpoint, drive / "files", f"{dav_origin}/files")
        s3.close()


def digest_line(name: str, file: str, content: bytes) -> str:
    return f"{name} {file} {len(content)} sha256:{hashlib.sha256(content).hexdigest()}"


def test_from_a_private_bucket_to_a_drive_through_sealed_keys(world: World) -> None:
    archive = zipped(**{"xfdumanifest.xml": MANIFEST, "chl.nc": b"chlorophyll"})
    key = world.s3_key(world.create_bucket(**{"in/a.zip": archive}))
    drive = world.drive_key()
    config = {"uncompress": True, "subPath": "xfdumanifest.xml"}
    job_id, status = world.run(snap_body("/in/a.zip", key, drive, config=config))
    assert status == "successful", world.log(job_id)
    (result,) = world.results(job_id)
    assert result["title"].startswith(f"keystore://{drive}/{job_id}/")
    (written,) = (world.drive / job_id).iterdir()
    assert written.read_text().splitlines() == [
        written.name,
        digest_line("img1", "a.SEN3/xfdumanifest.xml", MANIFEST),
    ]


def test_from_a_drive_to_a_bucket(world: World) -> None:
    (world.drive / "a b.nc").write_bytes(b"input")
    bucket = world.create_bucket()
    job_id, status = world.run(snap_body("/a b.nc", world.drive_key(), world.s3_key(bucket)))
    assert status == "successful", world.log(job_id)
    (item,) = world.s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert item["Key"].startswith(f"{job_id}/")
    content = world.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
    assert digest_line("img1", "a b.nc", b"input") in content


def test_from_a_public_bucket_to_a_download(world: World) -> None:
    world.s3.create_bucket(Bucket="public-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    world.s3.put_object(Bucket="public-bucket", Key="a.nc", Body=b"public", ACL="public-read")
    key = world.s3_key("public-bucket", access_key="", secret_key="")
    job_id, status = world.run(snap_body("/a.nc", key))
    assert status == "successful", world.log(job_id)
    (result,) = world.results(job_id)
    assert digest_line("img1", "a.nc", b"public") in world.client.get(result["href"]).text


@pytest.mark.parametrize(
    ("config", "file", "content"),
    [
        ({"subPath": "xfdumanifest.xml"}, "Sentinel-3/a.SEN3/xfdumanifest.xml", MANIFEST),
        (None, "/eodata/Sentinel-3/a.SEN3", b"chlorophyll" + MANIFEST),
    ],
)
def test_from_a_folder_of_eodata(world: World, config: dict[str, Any] | None, file: str, content: bytes) -> None:
    job_id, status = world.run(snap_body("/eodata/Sentinel-3/a.SEN3", "eodata", config=config))
    assert status == "successful", world.log(job_id)
    (result,) = world.results(job_id)
    assert digest_line("img1", file, content) in world.client.get(result["href"]).text


def test_from_a_folder_in_a_bucket(world: World) -> None:
    key = world.s3_key(world.create_bucket(**{"a.SEN3/x.xml": b"x", "a.SEN3/y.nc": b"y", "a.SEN3b": b"z"}))
    job_id, status = world.run(snap_body("/a.SEN3", key, config={"subPath": "x.xml"}))
    assert status == "successful", world.log(job_id)
    (result,) = world.results(job_id)
    assert digest_line("img1", "a.SEN3/x.xml", b"x") in world.client.get(result["href"]).text


def test_from_a_url(world: World) -> None:
    state = f"{world.emulator.origin}/_emulator/requests"
    job_id, status = world.run(snap_body(state))
    assert status == "successful", world.log(job_id)
    job_id, status = world.run(snap_body(f"{world.emulator.origin}/nothing"))
    assert (status, "exit status 11" in world.log(job_id)) == ("failed", True)
    job_id, status = world.run(snap_body("ftp://nowhere"))
    assert (status, "DownloadFailedException" in world.log(job_id)) == ("failed", True)


@pytest.mark.parametrize(
    ("changes", "location", "config", "text"),
    [
        ({}, "/absent.zip", None, "File /absent.zip not found"),
        ({"secret_key": "wrong"}, "/a.zip", None, "DownloadFailedException"),
        ({"access_key": "wrong"}, "/a.zip", None, "DownloadFailedException"),
        ({"access_key": "", "secret_key": ""}, "/a.zip", None, "DownloadFailedException"),
        ({"bucket": "absent"}, "/a.zip", None, "DownloadFailedException"),
        ({"endpoint": "https://127.0.0.1:9"}, "/a.zip", None, "DownloadFailedException"),
        ({"endpoint": "rubbish"}, "/a.zip", None, "DownloadFailedException"),
        ({}, "/a.zip", {"uncompress": True, "subPath": ".xml"}, "Zero or more than one item found for .xml"),
        ({}, "/a.zip", {"uncompress": True, "subPath": ".tif"}, "Zero or more than one item found for .tif"),
        ({}, "/plain.txt", {"uncompress": True}, "exit status 20"),
    ],
)
def test_inputs_that_cannot_be_read_fail_the_job(
    world: World, changes: dict[str, str], location: str, config: dict[str, Any] | None, text: str
) -> None:
    archive = zipped(**{"one.xml": b"1", "two.xml": b"2"})
    key = world.s3_key(world.create_bucket(**{"a.zip": archive, "plain.txt": b"text"}), **changes)
    job_id, status = world.run(snap_body(location, key, config=config))
    assert status == "failed"
    assert text in world.log(job_id)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"password": "wrong"}, "401"),
        ({"endpoint": "https://127.0.0.1:9/files"}, "Connection refused"),
    ],
)
def test_outputs_that_cannot_be_written_fail_the_job(world: World, changes: dict[str, str], text: str) -> None:
    drive = world.drive_key(**changes)
    job_id, status = world.run(snap_body("/eodata/Sentinel-3/a.SEN3/chl.nc", "eodata", drive))
    assert status == "failed"
    log = world.log(job_id)
    assert log.index("SNAP execution completed successfully") < log.index("UploadFailedException")
    assert text in log
    assert world.client.get(f"/jobs/{job_id}/results").status_code == 404


def test_an_absent_file_of_a_drive_or_of_eodata_fails_the_job(world: World) -> None:
    for key in (world.drive_key(), "eodata"):
        job_id, status = world.run(snap_body("/absent", key))
        assert status == "failed"
        assert "File /absent not found" in world.log(job_id)


def test_a_wrong_password_fails_the_staging(world: World) -> None:
    job_id, status = world.run(snap_body("/a.nc", world.drive_key(password="wrong")))
    assert (status, "DownloadFailedException" in world.log(job_id)) == ("failed", True)


def test_writing_to_a_missing_bucket_fails_the_job(world: World) -> None:
    body = snap_body("/eodata/Sentinel-3/a.SEN3/chl.nc", "eodata", world.s3_key("absent-bucket"))
    job_id, status = world.run(body)
    assert (status, "UploadFailedException" in world.log(job_id)) == ("failed", True)


def test_an_untrusted_storage_is_not_read(world: World, tmp_path: Path) -> None:
    other = certificate_in(tmp_path)
    options = Options(storage="real", ca_file=other.authority, job_time=0.1, private_key=private_key())
    with running(options) as emulator, httpx.Client(base_url=emulator.url, trust_env=False) as client:
        log_in = {"username": DEFAULT_USER.name, "password": DEFAULT_USER.password}
        token = client.post(emulator.token_url, json=log_in).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        strange = World(emulator, client, world.s3, world.s3_endpoint, world.drive, world.drive_endpoint)
        for key in (strange.drive_key(), strange.s3_key("any")):
            job_id, status = strange.run(snap_body("/a.nc", key))
            assert (status, "CERTIFICATE_VERIFY_FAILED" in strange.log(job_id)) == ("failed", True)


def test_eodata_may_be_a_folder(certificate: Certificate, tmp_path: Path) -> None:
    folder = tmp_path / "eodata" / "a.SEN3"
    folder.mkdir(parents=True)
    (folder / "x.nc").write_bytes(b"x")
    (tmp_path / "secret.nc").write_bytes(b"outside")
    options = Options(storage="real", eodata=tmp_path / "eodata", job_time=0.1, tls_dir=tmp_path / "tls")
    with running(options) as emulator:
        context = ssl.create_default_context(cafile=emulator.addresses()["ca_file"])
        with httpx.Client(base_url=emulator.url, trust_env=False, verify=context) as client:
            log_in = {"username": DEFAULT_USER.name, "password": DEFAULT_USER.password}
            token = client.post(emulator.token_url, json=log_in).json()["access_token"]
            client.headers["authorization"] = f"Bearer {token}"
            world = World(emulator, client, None, "", tmp_path, "")
            for location in ("/eodata/a.SEN3", "/eodata/a.SEN3/x.nc"):
                assert world.run(snap_body(location, "eodata"))[1] == "successful"
            assert world.run(snap_body("/eodata/../secret.nc", "eodata"))[1] == "failed"


def test_a_job_without_inputs_writes_its_files(world: World) -> None:
    inputs = {"area": "Sindian", "startDay": "2024-07-01", "endDay": "2024-07-02"}
    outputs = {"output": {"format": {"schema": f"keystore://{world.drive_key()}"}}}
    answer = world.client.post(
        "/processes/shearwater-demo/execution", json={"inputs": inputs, "outputs": outputs, "response": "raw"}
    )
    job_id = answer.json()["jobID"]
    end = time.monotonic() + 60
    while world.client.get(f"/jobs/{job_id}").json()["status"] != "successful":
        assert time.monotonic() < end
        time.sleep(0.02)
    (written,) = (world.drive / job_id).iterdir()
    assert written.stat().st_size == 4096
