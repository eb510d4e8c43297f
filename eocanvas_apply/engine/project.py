"""A project: its manifest and documents, read and checked, and what they ask for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Diagnostic, Severity, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.documents import Documents, load_documents, with_instances
from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.manifest.model import Manifest
from eocanvas_apply.planning.desired import Desired, Timing, desired
from eocanvas_apply.sources.expansion import Expansion, expand
from eocanvas_apply.sources.files import read_bytes


@dataclass(frozen=True)
class Project:
    """A manifest that may be planned. `folder` is where it stands and what its paths are relative to."""

    file: Path
    manifest: Manifest
    loaded: LoadedManifest
    documents: Documents
    expansion: Expansion
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
        return desired(self.manifest, self._digest(), self.documents, self.expansion.instances, timing)

    def _digest(self) -> str:
        files = {**self.documents.files, **self.expansion.files}
        everything = json.dumps([self.loaded.digest, sorted(files.items())])
        return "sha256:" + hashlib.sha256(everything.encode()).hexdigest()


def examine(file: Path) -> tuple[Diagnostic, ...]:
    """Return everything there is to say about a manifest; raises ManifestError where it cannot be read at all."""
    return _read(file).diagnostics


def open_project(file: Path) -> Project:
    """Read and check a manifest and the files it names; raises ManifestError with all findings of an error."""
    found = _read(file)
    if found.loaded.manifest is None or any(d.severity is Severity.ERROR for d in found.diagnostics):
        raise ManifestError(*found.diagnostics)
    return Project(file, found.loaded.manifest, found.loaded, found.documents, found.expansion, found.diagnostics)


@dataclass(frozen=True)
class _Read:
    loaded: LoadedManifest
    documents: Documents
    expansion: Expansion
    diagnostics: tuple[Diagnostic, ...]


def _read(file: Path) -> _Read:
    read = partial(read_bytes, folder=file.parent)
    loaded = load(read_bytes(str(file), Path()), str(file))
    documents = load_documents(loaded, read)
    found = check(loaded, documents)
    expansion = Expansion({})
    if loaded.steps and not any(d.severity is Severity.ERROR for d in found):
        expansion = without_waiting(expand(loaded, read, now=datetime.now(UTC)))
        documents = with_instances(documents, loaded, read, expansion.instances)
    unknown = [_nobody_to_ask(loaded, name) for name in sorted(expansion.unknown)]
    return _Read(loaded, documents, expansion, (*found, *expansion.diagnostics, *unknown))


def without_waiting(expansion: Coroutine[Any, Any, Expansion]) -> Expansion:
    """Return an expansion whose rows come from files only: nothing in it waits, so that no event loop is needed."""
    try:
        expansion.send(None)
    except StopIteration as done:
        return cast("Expansion", done.value)
    raise RuntimeError("rows from files do not wait")


def _nobody_to_ask(loaded: LoadedManifest, name: str) -> Diagnostic:
    found = error(
        "not-yet",
        "searching products and listing storages for rows is not done by this release",
        "take the rows from list, map, csv, json, geojson, days or another job",
    )
    return loaded.place(found, ("jobs", name, "for_each"), at_name=True)
