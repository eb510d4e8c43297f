"""`eocanvas.lock` on disk: beside the manifest, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.sources.files import located, read_text
from eocanvas_apply.sources.lock import FILE, Lock, read_lock, write_lock

# A line a product, a kilobyte or two each: far more of them than anybody plans with.
LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LockFile:
    """The text of a lock as it stands in its file, and what it says; both None where there is no file."""

    text: str | None = None
    lock: Lock | None = None


def read_lock_file(folder: Path) -> LockFile:
    """Read the lock of a folder; raise ManifestError for one that cannot be read, as after a merge not finished."""
    path = located(FILE, folder)
    if not path.exists():
        return LockFile()
    text = read_text(FILE, folder, LARGEST)
    return LockFile(text, read_lock(text, str(path)))


def write_lock_file(folder: Path, lock: Lock) -> Path:
    """Put a lock in the place of the one that was there, in one step; return its path.

    Raises ManifestError where the file cannot be written.
    """
    path = folder / FILE
    try:
        _replace(path, write_lock(lock))
    except OSError as fault:
        raise ManifestError(error("lock-not-written", f"{path} cannot be written: {fault.strerror}")) from None
    return path


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(_mode_of(path))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int:
    # A temporary file is private; a lock belongs to everybody who reads the manifest beside it.
    return path.stat().st_mode & 0o777 if path.exists() else 0o644
