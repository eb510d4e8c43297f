"""Environments beside ours, `.venv-<name>`, for programs that cannot share it: official clients, schedulers.

`make setup` makes them; where one is missing, the first test that needs it makes it, while the others wait at a lock.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class VirtualEnvironment:
    """The environment of one program: its package and version, and the file that fixes what comes with it.

    With `beside` this project is installed there too.
    """

    name: str
    package: str
    version: str
    constraints: Path
    beside: bool = False

    def python(self) -> Path:
        """Return its interpreter; it is made when it is missing, or holds another version."""
        folder = ROOT / f".venv-{self.name}"
        folder.mkdir(exist_ok=True)
        installed = f"{self.package.replace('-', '_')}-{self.version}.dist-info/RECORD"
        with _locked(folder / ".lock"):
            if not list(folder.glob(f"lib/python*/site-packages/{installed}")):
                self._make(folder)
        return folder / "bin" / "python"

    def _make(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = [f"{self.package}=={self.version}", *(["--editable", str(ROOT)] if self.beside else [])]
        subprocess.run([*pip, "--constraint", str(self.constraints), *wanted], check=True, capture_output=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
