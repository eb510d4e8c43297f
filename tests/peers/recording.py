"""What the official client sends for a job: its request, decoded, to compare ours with."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.peers.environment import OfficialClient

_CREDENTIALS = {"secret_key": "s", "access_key": "a", "bucket": "b", "endpoint": "https://s3.example", "region": "r"}


def recorded_request(official: OfficialClient, emulator: RunningEmulator, job: dict[str, Any]) -> dict[str, Any]:
    """Return the request with which the official client launches a job: `path`, `body`, and `decoded` inputs.

    `job` is what the driver `record` takes: `process`, `inputs` [{name, location, key}], `config` [{name, sub_path,
    uncompress}], `graph` or `chain` (a path), `area`, `start_day`, `end_day`, `output`. The keys that it names are
    created in the emulator first, where they are missing.
    """
    wanted = [*(given.get("key") for given in job.get("inputs", [])), job.get("output")]
    for name in wanted:
        if name not in (None, "eodata"):
            ensure_key(emulator, str(name))
    with emulator.model() as wire:
        before = len(wire.received)
    official.run("record", emulator, job=job)
    with emulator.model() as wire:
        received = [entry.document() for entry in wire.received][before:]
    (launch,) = [entry for entry in received if entry["path"].endswith("/execution")]
    return {name: launch[name] for name in ("path", "body", "decoded")}


def ensure_key(emulator: RunningEmulator, name: str) -> None:
    """Create an S3 key with made-up credentials unless there is one of that name."""
    with emulator.model() as wire:
        service = wire.service
        if service.keystore.alive(name, service.now()) is None:
            public = service.sealing.private_key.public_key()
            data = base64.b64encode(public.encrypt(json.dumps(_CREDENTIALS).encode(), padding.PKCS1v15()))
            service.keystore.create(DEFAULT_USER, {name: {"type": "S3", "data": data.decode()}}, service.now())
