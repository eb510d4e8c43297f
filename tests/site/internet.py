"""The hosts that the pages name, on loopback: a proxy leads to an emulator, an S3 server and a WebDAV server.

So a manifest runs exactly as a page shows it, over TLS, with the credentials that the page sets.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import trustme
from botocore.config import Config

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.accounts import User
from tests.emulator.model_client import private_key
from tests.emulator.storages import Certificate, WsgiApplication, s3_server, webdav_server
from tests.end_to_end.storages import product
from tests.loopback_server import serving

SERVICE = "gateway.prod.wekeo2.eu"
S3_HOSTS = {"s3.waw3-2.cloudferro.com": "waw3-2", "s3.eu-central-1.amazonaws.com": "eu-central-1"}
WEBDAV_HOSTS = ("wekeo-files.prod.wekeo2.eu", "cloud.example.org")
ACCOUNT = User("jane", "correct-horse")
# What the pages export, and what lies in their buckets, on their Drives and in EODATA before.
BUCKET_SECRETS = {"SCENES-ACCESS": "SCENES-SECRET"}
FOLDERS = {
    "wso2_oidc-jane": "remote.php/dav/files/wso2_oidc-jane",
    "jane": "remote.php/dav/files/jane/scenes",
}
APP_PASSWORD = "aaaaa-bbbbb-ccccc-ddddd-eeeee"
PUBLIC = "copernicus-dem-30m"
SCENE = "S3B_OL_2_WFR____20240705T092739.SEN3"


@dataclass(frozen=True)
class Internet:
    """The emulator behind the service's name, and the variables that lead a program there."""

    emulator: RunningEmulator
    environ: Mapping[str, str]


@contextmanager
def internet(folder: Path, **service: Any) -> Iterator[Internet]:
    """Run all of it, in a new `folder` for certificates and WebDAV; `service` are options of the emulator."""
    folder.mkdir()
    certificate = _certificate(folder)
    users = dict.fromkeys(FOLDERS, APP_PASSWORD)
    for place in FOLDERS.values():
        (folder / "dav" / place).mkdir(parents=True)
    routes: dict[str, str] = {}
    with (
        s3_server(certificate, BUCKET_SECRETS, public=[PUBLIC], faulty=_by_path) as s3,
        webdav_server(certificate, folder / "dav", users) as dav,
        _proxy(routes) as proxy,
        pytest.MonkeyPatch.context() as patch,
    ):
        environ = {"HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": str(certificate.authority)}
        # The emulator's jobs ask the same hosts, from this process.
        for name, value in environ.items():
            patch.setenv(name, value)
        options = Options(
            ca_file=certificate.authority,
            tls=(certificate.server, certificate.server),
            users=(ACCOUNT,),
            private_key=private_key(),
            eodata=_EODATA,
            **{"storage": "real", "job_time": 0.5, **service},
        )
        with running(options) as emulator, _buckets(s3, certificate):
            routes |= dict.fromkeys(S3_HOSTS, urlsplit(s3).netloc) | dict.fromkeys(WEBDAV_HOSTS, urlsplit(dav).netloc)
            routes[SERVICE] = urlsplit(emulator.url).netloc
            (folder / "dav" / FOLDERS["jane"] / f"{SCENE}.zip").write_bytes(product(b"scene"))
            yield Internet(emulator, environ)


_EODATA = {
    f"Sentinel-3/OLCI/OL_2_WFR/2024/07/05/{SCENE}/{name}": b"scene" for name in ("xfdumanifest.xml", "chl_nn.nc")
}
_DEM = "Copernicus_DSM_COG_10_N57_00_E018_00_DEM"
_SCENES = (SCENE, "2024-07-05", "2024-07-06", "2024-07-07")
_BUCKETS = {
    "my-scenes": {f"{name}.zip": product(name.encode()) for name in _SCENES},
    PUBLIC: {f"{_DEM}/{_DEM}.tif": b"heights"},
}


@contextmanager
def _buckets(endpoint: str, certificate: Certificate) -> Iterator[None]:
    """Make the buckets of the pages, and remove them: the storage keeps its buckets for the whole process."""
    [(access, secret)] = BUCKET_SECRETS.items()
    path_style, trust = Config(s3={"addressing_style": "path"}), str(certificate.authority)
    session = boto3.session.Session(access, secret, region_name="waw3-2")
    storage: Any = session.resource("s3", endpoint_url=endpoint, verify=trust, config=path_style)
    for name, objects in _BUCKETS.items():
        bucket = storage.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "waw3-2"})
        for path, content in objects.items():
            bucket.put_object(Key=path, Body=content, ACL="public-read" if name == PUBLIC else "private")
    yield
    for name in _BUCKETS:
        storage.Bucket(name).objects.all().delete()
        storage.Bucket(name).delete()
    storage.meta.client.close()


def _by_path(storage: WsgiApplication) -> WsgiApplication:
    """Hide the host from the storage, which would look for the name of a bucket in it."""
    return lambda environ, start_response: storage({**environ, "HTTP_HOST": "127.0.0.1"}, start_response)


def _certificate(folder: Path) -> Certificate:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", SERVICE, *S3_HOSTS, *WEBDAV_HOSTS)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    leaf.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return Certificate(folder / "ca.pem", folder / "server.pem")


@contextmanager
def _proxy(routes: Mapping[str, str]) -> Iterator[str]:
    """Run a proxy that connects a host of `routes` to the address there, and refuses any other."""

    class Tunnel(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            if (place := routes.get(self.path.partition(":")[0])) is None:
                self.send_error(HTTPStatus.FORBIDDEN, f"no page names {self.path}")
                return
            host, _, port = place.partition(":")
            with socket.create_connection((host, int(port))) as beyond:
                self.send_response(HTTPStatus.OK)
                self.end_headers()
                _carry(self.connection, beyond)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with serving(Tunnel) as address:
        yield address


def _carry(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until one side ends."""
    sides = {one: other, other: one}
    with suppress(OSError):
        while True:
            for side in select.select([one, other], [], [])[0]:
                if not (data := side.recv(65536)):
                    return
                sides[side].sendall(data)
