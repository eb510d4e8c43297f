"""An environment of its own for each official client, and their drivers run in there.

One of them pins an old cryptography, so it cannot share ours.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from tests.virtual_environment import ROOT, VirtualEnvironment

HERE = Path(__file__).parent
_PATIENCE = 120


class DriverFailure(Exception):
    """A driver ended with a traceback; the text is what it said."""


EOCANVAS = VirtualEnvironment("eocanvas", "eocanvas", "2.0.1", HERE / "constraints.txt")
HDA = VirtualEnvironment("hda", "hda", "2.40", HERE / "constraints-hda.txt")


@dataclass(frozen=True)
class OfficialClient:
    """The official client in its environment; `path` is the PATH on which it finds openssl."""

    python: Path
    path: str
    folder: Path

    def run(self, driver: str, emulator: RunningEmulator, **task: Any) -> Any:
        """Run a driver against an emulator and return the JSON that it gives. Raises DriverFailure."""
        url_file = self.folder / "urls.yaml"
        url_file.write_text(json.dumps(_urls(emulator)), encoding="utf-8")
        session = {
            "urls": str(url_file),
            "hda_url": f"{emulator.hda_url}/",
            "user": DEFAULT_USER.name,
            "password": DEFAULT_USER.password,
        }
        ended = subprocess.run(
            [self.python, HERE / "drivers" / f"{driver}.py"],
            input=json.dumps({**session, **task}),
            env=self._variables(emulator),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        if ended.returncode:
            raise DriverFailure(ended.stderr)
        return json.loads(ended.stdout)

    def _variables(self, emulator: RunningEmulator) -> dict[str, str]:
        trust = {} if emulator.ca_file is None else {"REQUESTS_CA_BUNDLE": str(emulator.ca_file)}
        plain = {"PATH": self.path, "HOME": str(self.folder), "TMPDIR": str(self.folder), "NO_PROXY": "*"}
        return {**plain, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **trust}


def openssl_path(folder: Path, *, forced: bool = False) -> str:
    """Return a PATH with an openssl on it; `folder` gets the stand-in where there is none, or when `forced`."""
    if shutil.which("openssl") and not forced:
        return os.environ["PATH"]
    script = folder / "openssl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "openssl_stand_in.py"}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return str(folder)


def _urls(emulator: RunningEmulator) -> dict[str, Any]:
    endpoints = {
        "landing_page": "/",
        "key_list": "/keys",
        "key_detail": "/keys/{key_id}",
        "process_list": "/processes",
        "process_detail": "/processes/{process_id}",
        "process_execution": "/processes/{process_id}/execution",
        "job_list": "/jobs",
        "job_detail": "/jobs/{job_id}",
        "job_logs": "/jobs/{job_id}/logs",
        "job_results": "/jobs/{job_id}/results",
        "download": "{result_href}",
    }
    token_url = f"{emulator.origin}/hda-broker/gettoken"
    return {"token_url": token_url, "base_url": emulator.url, "endpoints": endpoints}
