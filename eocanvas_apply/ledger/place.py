"""Where a ledger is: from its address to its backend."""

from __future__ import annotations

from pathlib import Path

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.ledger.backend import Backend
from eocanvas_apply.ledger.local import FOLDER, LocalBackend
from eocanvas_apply.ledger.snapshots import LocalSnapshots, SnapshotKeeper


def open_backend(url: str | None, project_folder: Path) -> Backend:
    """Return the backend of an address; None is the local file beside the manifest.

    A path may be absolute or relative to the working folder, also as `file:PATH`. Raises UsageError otherwise.
    """
    if url is None:
        return LocalBackend(project_folder / FOLDER / "default.jsonl")
    scheme, colon, rest = url.partition(":")
    if colon and len(scheme) > 1 and scheme != "file":
        hint = "use the path of a local file"
        raise UsageError(error("ledger-unsupported", f"ledgers at {scheme}: addresses are not supported yet", hint))
    path = Path((rest if scheme == "file" and colon else url).removeprefix("//"))
    if path.is_dir():
        raise UsageError(
            error("ledger-unsupported", f"{path} is a folder, a ledger is a file", f"try {path}/ledger.jsonl")
        )
    return LocalBackend(path)


def snapshots_of(backend: Backend) -> SnapshotKeeper | None:
    """Return the snapshots that are kept beside a ledger, None where there are none."""
    return LocalSnapshots(backend) if isinstance(backend, LocalBackend) else None
