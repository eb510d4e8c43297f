from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import running
from eocanvas_apply.emulator.model.keystore import WebdavCredentials
from tests.emulator.model_client import private_key
from tests.end_to_end.storages import ACCESS, DRIVE_PASSWORD, DRIVE_USER, SECRET, Storages, product, storages
from tests.end_to_end.tool import Ended, Tool

MANIFEST = """
version: 1
project: {project}
keys:
  scenes:
    type: s3
    bucket: {bucket}
    region: waw3-2
    endpoint: {s3}
    access_key: {{env: ACCESS}}
    secret_key: {{file: secret-key}}
{output_key}
jobs:
  subset:
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: /scene.zip, uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{key: {output}}}
"""
DRIVE = """
  drive:
    type: webdav
    endpoint: {dav}
    username: {user}
    password: {{env: DRIVE_PASSWORD}}
"""


PUBLIC = """
version: 1
project: {bucket}
keys:
  open:
    type: s3-public
    bucket: {bucket}
    region: waw3-2
    endpoint: {s3}
jobs:
  subset:
    graph: graph.xml
    inputs: {{img1: {{key: open, path: /scene.zip, uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{download: maps}}
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storages]:
    with storages(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


class Project:
    """A project whose only job reads one product from S3."""

    def __init__(self, servers: Storages, folder: Path) -> None:
        environ = {"ACCESS": ACCESS, "DRIVE_PASSWORD": DRIVE_PASSWORD}
        self.servers = servers
        self.tool = Tool(folder, servers.emulator, environ, servers.certificate.authority)
        self.content = secrets.token_bytes(64)
        self.bucket = servers.bucket({"scene.zip": product(self.content)})
        self.set_secret_key(SECRET)

    def set_secret_key(self, value: str) -> None:
        (self.tool.project / "secret-key").write_text(value + "\n", encoding="utf-8")
        (self.tool.project / "secret-key").chmod(0o600)

    def write(self, output: str) -> None:
        servers = self.servers
        key = DRIVE.format(dav=servers.dav_endpoint, user=DRIVE_USER) if output == "drive" else ""
        endpoint = servers.s3_endpoint
        # The bucket's name is new in every test, and so is the project's.
        self.tool.write(
            MANIFEST.format(project=self.bucket, bucket=self.bucket, s3=endpoint, output_key=key, output=output)
        )

    @property
    def digest(self) -> str:
        """What the emulated job writes about the file that it was given."""
        return f"img1 S3B.SEN3/xfdumanifest.xml {len(self.content)} sha256:{hashlib.sha256(self.content).hexdigest()}"

    def result(self) -> str:
        """Return where `results` says that the output lies at the storage."""
        ended = self.tool.run("results", "--format", "json")
        (result,) = ended.document["results"]
        assert result["address"] == "job.subset"
        title: str = result["file"]
        return title.removeprefix("keystore://").partition("/")[2]


def outcomes(ended: Ended) -> dict[str, str]:
    return {result["address"]: result["outcome"] for result in ended.document["results"]}


def error_of(ended: Ended, address: str) -> str:
    (found,) = [result["error"] for result in ended.document["results"] if result["address"] == address]
    return f"{found['message']} {found['hint']}"


@pytest.fixture
def project(servers: Storages, tmp_path: Path) -> Project:
    return Project(servers, tmp_path)


def test_s3_in_webdav_out(project: Project) -> None:
    project.write("drive")
    ended = project.tool.run("apply", "--yes")
    assert ended.code == 0, ended

    answer = project.servers.on_drive(project.result())
    assert answer.status_code == 200
    assert project.digest in answer.text
    assert not (project.tool.project / "results").exists()

    again = project.tool.run("plan", "--detailed-exitcode")
    assert again.code == 0, again


def test_s3_in_s3_out(project: Project) -> None:
    project.write("scenes")
    ended = project.tool.run("apply", "--yes")
    assert ended.code == 0, ended
    found = project.servers.in_bucket(project.bucket)
    assert found.keys() == {"scene.zip", project.result()}
    assert project.digest in found[project.result()].decode()


def test_a_public_bucket_in_results_downloaded(project: Project) -> None:
    servers = project.servers
    bucket = servers.public_bucket({"scene.zip": product(project.content)})
    project.tool.write(PUBLIC.format(bucket=bucket, s3=servers.s3_endpoint))
    ended = project.tool.run("apply", "--yes")
    assert ended.code == 0, ended
    (fetched,) = (project.tool.project / "maps").glob("*.nc")
    assert project.digest in fetched.read_text(encoding="utf-8")


def test_a_wrong_secret_key_fails_the_job_while_staging_in(project: Project) -> None:
    project.set_secret_key("not-the-secret-key")
    project.write("drive")
    ended = project.tool.run("apply", "--yes", "--format", "json")
    assert ended.code == 4, ended
    assert outcomes(ended) == {"key.drive": "done", "key.scenes": "done", "job.subset": "failed"}
    assert "failed" in error_of(ended, "job.subset")

    log = project.tool.run("logs", "subset")
    assert "DownloadFailedException" in log.out
    assert "exit status 11" in log.out


def test_a_wrong_password_fails_the_job_while_staging_out(project: Project) -> None:
    project.tool.environ["DRIVE_PASSWORD"] = "not-the-password"
    project.write("drive")
    ended = project.tool.run("apply", "--yes", "--format", "json")
    assert ended.code == 4, ended
    assert outcomes(ended) == {"key.drive": "done", "key.scenes": "done", "job.subset": "failed"}
    assert "failed" in error_of(ended, "job.subset")

    log = project.tool.run("logs", "subset")
    assert "SNAP execution completed successfully" in log.out
    assert "UploadFailedException" in log.out


def test_a_failure_names_its_cause_and_the_log(project: Project) -> None:
    project.set_secret_key("not-the-secret-key")
    project.write("drive")
    ended = project.tool.run("apply", "--yes")
    assert ended.code == 4, ended
    assert "Failed\n  job.subset: key: DownloadFailedException" in ended.out
    assert "eocanvas-apply logs job.subset" in ended.out


def test_an_address_with_an_untrusted_certificate_is_refused(project: Project) -> None:
    project.write("drive")
    project.tool.ca_file = None
    ended = project.tool.run("plan")
    assert ended.code == 1, ended
    assert "certificate" in ended.err.lower()


def test_a_wekeo_drive_is_derived_from_the_account(tmp_path: Path) -> None:
    manifest = """
version: 1
project: drive
keys:
  drive: {type: wekeo-drive, username: jane, password: {env: DRIVE_PASSWORD}, keep: true}
"""
    with running(Options(private_key=private_key())) as emulator:
        tool = Tool(tmp_path, emulator, {"DRIVE_PASSWORD": "an-app-password"})
        tool.write(manifest)
        ended = tool.run("apply", "--yes")
        assert ended.code == 0, ended
        with emulator.model() as wire:
            (key,) = [key for key in wire.service.keystore if key.name != "eodata"]
    user = "wso2_oidc-jane"
    endpoint = f"https://wekeo-files.prod.wekeo2.eu/remote.php/dav/files/{user}"
    assert key.credentials == WebdavCredentials(endpoint, user, "an-app-password")
