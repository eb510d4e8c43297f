"""The project of these tests, and what a machine of a forge has when it runs a job of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.bucket_server import BucketServer
from tests.cli.conftest import MANIFEST
from tests.end_to_end.tool import QUICK

CANARY = "canary-secret-key"
# Installing is what only a forge's machine does.
INSTALLS = """#!/bin/sh
test "$1" = -m || exec {} "$@"
test "$*" = "-m pip install eocanvas-apply[s3]==0.1.0"
"""
KEYS = MANIFEST.partition("jobs:\n")[0]
JOBS = """jobs:
  tiles:
    for_each: {list: [a, b, c]}
    graph: graph.xml
    inputs: {img1: {key: scenes, path: "/${each.id}.nc"}}
"""
# The same key and campaign under new names.
RENAMED = (
    KEYS.replace("scenes:\n", "images:\n")
    + JOBS.replace("tiles", "squares").replace("key: scenes", "key: images")
    + "moved: [{from: key.scenes, to: key.images}, {from: job.tiles, to: job.squares}]\n"
)


def machine(emulator: RunningEmulator, bucket_server: BucketServer, folder: Path) -> Mapping[str, str]:
    """What a machine of the tests has: this checkout in place of a package that is installed."""
    programs = folder / "programs"
    programs.mkdir()
    installs = programs / "python"
    installs.write_text(INSTALLS.format(sys.executable), encoding="utf-8")
    installs.chmod(0o755)
    return {
        **QUICK,
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder),
        "EOCANVAS_URL": emulator.url,
        "EOCANVAS_TOKEN_URL": emulator.token_url,
        "SSL_CERT_FILE": str(bucket_server.certificate.authority),
        "NO_PROXY": "*",
    }


def launched(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return len(list(wire.service.jobs.every()))
