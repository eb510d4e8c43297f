"""Locks between the runs of one machine, on Linux, macOS and Windows alike."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_S = 0.005


@contextmanager
def locked(path: Path, patience_s: float = 0.0) -> Iterator[None]:
    """Keep other runs and threads off what has this path, by the file `<name>.lock` beside it.

    The lock's file is gone afterwards; one that a killed run left is taken over. Raises BlockingIOError where another
    run has the lock for longer than `patience_s` seconds, and OSError where the folder takes no file.
    """
    from filelock import FileLock, Timeout

    if not path.parent.is_dir():
        # filelock would make it.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600)
    try:
        lock.acquire(timeout=patience_s, poll_interval=_PAUSE_S)
    except Timeout:
        raise BlockingIOError(errno.EWOULDBLOCK, "another run has the lock", str(path)) from None
    try:
        yield
    finally:
        # It removes the file as long as it is held. Removed twice, it could be that of the run which comes next.
        lock.release()


def lock_place(project: Path, path: Path) -> Path:
    """Return what to lock for a path beside which no lock file may lie: a file in the project's own folder."""
    name = hashlib.sha256(str(path.absolute()).encode(errors="surrogateescape")).hexdigest()[:32]
    return project / ".eocanvas" / "locks" / name
