"""An environment of its own for each official client, and their drivers run in there.

One of them pins an old cryptography, so it cannot share ours. `make setup` makes the environments; where one is
missing, the first test that needs it makes it, while the others wait at a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
_PATIENCE = 120


class DriverFailure(Exception):
    """A driver ended with a traceback; the text is what it said."""


@dataclass(frozen=True)
class Peer:
    """An official client: its name and version on the index, and the file that fixes what comes with it."""

    name: str
    version: str
    constraints: str

    def python(self) -> Path:
        """Return the interpreter of its environment, which is made when it is missing."""
        environment = ROOT / f".venv-{self.name}"
        environment.mkdir(exist_ok=True)
        with _locked(environment / ".lock"):
            if not list(environment.glob(f"lib/python*/site-packages/{self.name}-{self.version}.dist-info/RECORD")):
                self._make(environment)
        return environment / "bin" / "python"

    def _make(self, environment: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True, capture_output=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["-c", str(HERE / self.constraints), f"{self.name}=={self.version}"]
        subprocess.run([*pip, *wanted], check=True, capture_output=True)


EOCANVAS = Peer("eocanvas", "2.0.1", "constraints.txt")
HDA = Peer("hda", "2.40", "constraints-hda.txt")


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


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


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
