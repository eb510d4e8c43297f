"""A real S3 server and a real WebDAV server over TLS, with an emulator whose jobs really read and write there."""

from __future__ import annotations

import io
import secrets
import ssl
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.emulator.model_client import private_key
from tests.emulator.storages import REGION, Certificate, certificate_in, s3_server, webdav_server

ACCESS, SECRET = "the-access-key", "the-secret-key"
DRIVE_USER, DRIVE_PASSWORD = "wso2_oidc-jane", "the-app-password"


@dataclass(frozen=True)
class Storages:
    """The servers, and what a test puts there and finds there."""

    certificate: Certificate
    emulator: RunningEmulator
    s3: Any
    s3_endpoint: str
    dav_endpoint: str
    public: str

    def bucket(self, objects: Mapping[str, bytes]) -> str:
        """Make a bucket with these objects; return its name."""
        return self._filled(f"bucket-{secrets.token_hex(8)}", objects, "private")

    def public_bucket(self, objects: Mapping[str, bytes]) -> str:
        """Make the one public bucket; return its name."""
        return self._filled(self.public, objects, "public-read")

    def _filled(self, name: str, objects: Mapping[str, bytes], access: str) -> str:
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        for path, content in objects.items():
            self.s3.put_object(Bucket=name, Key=path, Body=content, ACL=access)
        return name

    def in_bucket(self, name: str) -> dict[str, bytes]:
        """Return everything that lies in a bucket."""
        found = self.s3.list_objects_v2(Bucket=name).get("Contents", ())
        return {item["Key"]: self.s3.get_object(Bucket=name, Key=item["Key"])["Body"].read() for item in found}

    def on_drive(self, path: str) -> httpx.Response:
        """Ask the WebDAV server for a file, as its owner."""
        trust = ssl.create_default_context(cafile=self.certificate.authority)
        with httpx.Client(auth=(DRIVE_USER, DRIVE_PASSWORD), verify=trust, trust_env=False) as client:
            return client.get(f"{self.dav_endpoint}/{path}")


def product(manifest: bytes) -> bytes:
    """Return a zipped product whose xfdumanifest.xml has this content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("S3B.SEN3/xfdumanifest.xml", manifest)
        archive.writestr("S3B.SEN3/chl_nn.nc", b"chlorophyll")
    return buffer.getvalue()


@contextmanager
def storages(folder: Path) -> Iterator[Storages]:
    """Run all of it; `folder` takes certificates and the drive."""
    certificate = certificate_in(folder)
    (folder / "drive" / "files").mkdir(parents=True)
    options = Options(
        storage="real",
        ca_file=certificate.authority,
        tls=(certificate.server, certificate.server),
        job_time=0.3,
        private_key=private_key(),
    )
    public = f"public-{secrets.token_hex(8)}"
    with (
        s3_server(certificate, {ACCESS: SECRET}, public=[public]) as s3_endpoint,
        webdav_server(certificate, folder / "drive", {DRIVE_USER: DRIVE_PASSWORD}) as dav,
        running(options) as emulator,
    ):
        client = boto3.session.Session(ACCESS, SECRET, region_name=REGION).client(
            "s3",
            endpoint_url=s3_endpoint,
            verify=str(certificate.authority),
            config=Config(s3={"addressing_style": "path"}),
        )
        yield Storages(certificate, emulator, client, s3_endpoint, f"{dav}/files", public)
        client.close()
