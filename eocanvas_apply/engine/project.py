"""A project: its manifest and documents, read and checked, and what they ask for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.documents import Documents, load_documents
from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.manifest.model import Manifest
from eocanvas_apply.planning.desired import Desired, Timing, desired
from eocanvas_apply.sources.files import read_bytes


@dataclass(frozen=True)
class Project:
    """A manifest that may be planned. `folder` is where it stands and what its paths are relative to."""

    file: Path
    manifest: Manifest
    loaded: LoadedManifest
    documents: Documents
    diagnostics: tuple[Diagnostic, ...]

    @property
    def folder(self) -> Path:
        """The manifest's folder."""
        return self.file.parent

    def desired(self, overrides: Mapping[str, timedelta]) -> Desired:
        """Return what the manifest asks for; `overrides` replace fields of `timing`."""
        own = self.manifest.timing
        timing = Timing(
            poll=overrides.get("poll", own.poll),
            settle=overrides.get("settle", own.settle),
            send_within=overrides.get("send_within", own.send_within),
            request_timeout=overrides.get("request_timeout", own.request_timeout),
        )
        return desired(self.manifest, self._digest(), self.documents.by_job, timing)

    def _digest(self) -> str:
        everything = json.dumps([self.loaded.digest, sorted(self.documents.files.items())])
        return "sha256:" + hashlib.sha256(everything.encode()).hexdigest()


def examine(file: Path) -> tuple[Diagnostic, ...]:
    """Return everything there is to say about a manifest; raises ManifestError where it cannot be read at all."""
    loaded, documents = _read(file)
    return tuple(check(loaded, documents))


def open_project(file: Path) -> Project:
    """Read and check a manifest and the files it names; raises ManifestError with all findings of an error."""
    loaded, documents = _read(file)
    diagnostics = tuple(check(loaded, documents))
    if loaded.manifest is None or any(d.severity is Severity.ERROR for d in diagnostics):
        raise ManifestError(*diagnostics)
    return Project(file, loaded.manifest, loaded, documents, diagnostics)


def _read(file: Path) -> tuple[LoadedManifest, Documents]:
    loaded = load(read_bytes(str(file), Path()), str(file))
    return loaded, load_documents(loaded, partial(read_bytes, folder=file.parent))
