"""A model under a virtual clock, and a small client that speaks to it through the frontend."""

from __future__ import annotations

import base64
import json
from functools import cache
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa

from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Settings
from eocanvas_apply.emulator.model.clock import VirtualClock
from eocanvas_apply.emulator.model.keystore import SealingKey
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse
from eocanvas_apply.emulator.model.service import Eocanvas

ORIGIN = "https://eocanvas.test"
BASE = ORIGIN + "/serverless"
GRAPH = b"""<graph id="Graph"><version>1.0</version>
<node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
<parameters><file>$output</file><formatName>NetCDF4-CF</formatName></parameters></node></graph>"""
CHAIN = b"format: netcdf4\nproduct: OLL2WFR\n"
S3_FIELDS = {
    "secret_key": "s3-secret",
    "access_key": "s3-access",
    "bucket": "scenes",
    "endpoint": "https://s3.example",
    "region": "waw3-2",
}
WEBDAV_FIELDS = {"endpoint": "https://drive.example/dav", "username": "wso2_oidc-jane", "password": "app-password"}


@cache
def private_key() -> rsa.RSAPrivateKey:
    """Return a key that is made once; its size is the smallest that holds the texts of the tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def seal(plaintext: bytes) -> str:
    """Return a text sealed for the service, in base64."""
    return base64.b64encode(private_key().public_key().encrypt(plaintext, padding.PKCS1v15())).decode()


def key_fields(kind: str = "S3", **changes: Any) -> dict[str, Any]:
    """Return the fields of a key to create."""
    plain = S3_FIELDS if kind == "S3" else WEBDAV_FIELDS
    data = seal(json.dumps(plain).encode())
    return {"type": kind, "expire": 3600, "public": False, "description": "a key", "data": data, **changes}


def snap_body(
    location: str = "https://products.example/a.zip",
    key: str | None = None,
    output: str | None = None,
    graph: bytes = GRAPH,
    config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the body of a launch of a SNAP graph with one input."""
    item = {"img1": location} if key is None else {"img1": location, "schema": f"keystore://{key}"}
    inputs = {"snap_graph": base64.b64encode(graph).decode(), "eo_input": json.dumps([item])}
    if config is not None:
        inputs["eo_config"] = json.dumps([{"img1": config}])
    outputs = {} if output is None else {"output": {"format": {"schema": f"keystore://{output}"}}}
    return {"inputs": inputs, "outputs": outputs, "response": "raw"}


def chain_body(chain: bytes = CHAIN, location: str = "https://products.example/a.SEN3") -> dict[str, Any]:
    """Return the body of a launch of a Data Tailor chain."""
    inputs = {"epct_chain": base64.b64encode(chain).decode(), "epct_input": json.dumps([{"img1": location}])}
    return {"inputs": inputs, "outputs": {}, "response": "raw"}


class Stage:
    """A service, its clock, and requests of one user at a time."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock = VirtualClock()
        self.service = Eocanvas(self.clock, Random(7), settings, SealingKey(private_key()))
        self.frontend = Frontend(self.service)
        self.token = ""

    def log_in(self, name: str = DEFAULT_USER.name, password: str = DEFAULT_USER.password) -> Stage:
        """Continue as another user."""
        answer = self.call("POST", "/identity/gettoken", {"username": name, "password": password})
        self.token = answer.json()["access_token"]
        return self

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, query: str = ""
    ) -> WireResponse:
        """Send a request; a path without a known beginning is one of the service's."""
        full = path if path.startswith(("/identity", "/hda-broker")) else f"/serverless{path}"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        head = {"authorization": f"Bearer {self.token}", **(headers or {})}
        return self.frontend.handle(WireRequest(method, full, query, head, content, ORIGIN))

    def get(self, path: str, query: str = "") -> Any:
        """Return the JSON of a GET that must succeed."""
        answer = self.call("GET", path, query=query)
        assert answer.status == 200, answer
        return answer.json()

    def create_key(self, name: str, kind: str = "S3", **changes: Any) -> WireResponse:
        """Create a key."""
        return self.call("POST", "/keys", {name: key_fields(kind, **changes)})

    def launch(self, body: dict[str, Any] | None = None, process: str = "snap-function") -> str:
        """Launch a job that must be accepted, and return its id."""
        answer = self.call("POST", f"/processes/{process}/execution", body or snap_body())
        assert answer.status in (200, 201), answer
        job_id: str = answer.json()["jobID"]
        return job_id

    def job(self, job_id: str) -> Any:
        """Return how the service shows a job."""
        return self.get(f"/jobs/{job_id}")

    def log(self, job_id: str) -> list[str]:
        """Return the messages of a job's log."""
        return [entry["message"] for entry in self.get(f"/jobs/{job_id}/logs")]

    def ended(self, body: dict[str, Any] | None = None, process: str = "snap-function") -> str:
        """Launch a job, let a minute go by, and return its id."""
        job_id = self.launch(body, process)
        self.clock.advance(60)
        return job_id
