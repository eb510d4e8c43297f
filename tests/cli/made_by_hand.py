"""What another client made: keys and jobs that no ledger has."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.keystore import S3Credentials, StoredKey
from eocanvas_apply.emulator.model.submissions import read_execution
from tests.cli.conftest import GRAPH
from tests.emulator.model_client import snap_body

AREA = "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"
CREDENTIALS = S3Credentials("an access key", "a secret", "scenes", "https://s3.example.org", "waw3-2")
OPTIONS = {"uncompress": True, "subPath": "xfdumanifest.xml"}


def hand_made_key(emulator: RunningEmulator, name: str, owner: str = "", **given: Any) -> None:
    """Make a key as another client does."""
    with emulator.model() as wire:
        fields = {"kind": "S3", "public": False, "description": "made by hand", "expire": 604800, **given}
        user = owner or emulator.options.users[0].name
        made = StoredKey(name, owner=user, created=datetime.now(UTC), plaintext=b"", credentials=CREDENTIALS, **fields)
        wire.service.keystore.take(made)


def hand_launched(emulator: RunningEmulator, *, key: str, graph: str = "", **given: Any) -> str:
    """Launch a job as another client does, with the graph of the manifest filled in by hand."""
    text = (graph or GRAPH.read_text(encoding="utf-8")).replace("$aoi", AREA)
    given = {"location": "/a.zip", "config": OPTIONS, **given}
    return launched(emulator, snap_body(key=key, graph=text.encode(), **given))


def launched(emulator: RunningEmulator, body: dict[str, Any], process: str = "snap-function") -> str:
    """Launch a job with this body, and return its id."""
    with emulator.model() as wire:
        execution = read_execution(process, json.dumps(body).encode())
        return wire.service.jobs.launch(emulator.options.users[0], execution, datetime.now(UTC)).id


def begun(emulator: RunningEmulator, job_id: str) -> None:
    """Wait until a job runs: its log is empty before."""
    _until(emulator, job_id, lambda job: job.status == "running")


def ended(emulator: RunningEmulator, job_id: str) -> None:
    """Wait until a job has ended."""
    _until(emulator, job_id, lambda job: job.finished is not None)


def _until(emulator: RunningEmulator, job_id: str, holds: Callable[[Job], bool]) -> None:
    for _ in range(200):
        with emulator.model() as wire:
            wire.service.jobs.settle(datetime.now(UTC))
            if holds(next(job for job in wire.service.jobs.every() if job.id == job_id)):
                return
        time.sleep(0.02)
    raise AssertionError(job_id)
