"""A project: its manifest, its documents and its lock, read and checked. Rows of campaigns are `engine.campaigns`'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

from eocanvas_apply.campaign.lock import LockFile, read_lock_file
from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Diagnostic, has_errors
from eocanvas_apply.engine.variables import typed_variables
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import read_bytes
from eocanvas_apply.manifest.job_documents import Documents, Read, load_documents
from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.planning.desired.desired import Timing

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Project:
    """A manifest that may be planned. `folder` is where it stands and what its paths are relative to."""

    file: Path
    manifest: Manifest
    loaded: LoadedManifest
    documents: Documents
    diagnostics: tuple[Diagnostic, ...]
    lock_file: LockFile = field(default_factory=LockFile)

    @property
    def folder(self) -> Path:
        """The manifest's folder."""
        return self.file.parent

    @property
    def read(self) -> Read:
        """What reads a file that the manifest names; it raises ManifestError."""
        return partial(read_bytes, folder=self.folder)

    def timing(self, overrides: Mapping[str, timedelta]) -> Timing:
        """Return the waits of a run; `overrides` replace fields of the manifest's `timing`."""
        own = self.manifest.timing
        return Timing(
            poll=overrides.get("poll", own.poll),
            settle=overrides.get("settle", own.settle),
            send_within=overrides.get("send_within", own.send_within),
            request_timeout=overrides.get("request_timeout", own.request_timeout),
        )


def open_project(
    file: Path, variables: Mapping[str, str] = NO_VARIABLES, *, lock_may_be_broken: bool = False
) -> Project:
    """Read and check a manifest and the files it names; `variables` win, by name, over the defaults in `vars`.

    With `lock_may_be_broken` a lock that cannot be read counts as none: somebody writes it anew.
    Raises ManifestError with all findings where one is an error, UsageError for a variable that it does not declare.
    """
    source = read_bytes(str(file), Path())
    loaded = load(source, str(file))
    if variables and loaded.manifest:
        loaded = load(source, str(file), typed_variables(variables, loaded.text.data))
    documents = load_documents(loaded, partial(read_bytes, folder=file.parent))
    lock_file, faults = _lock_file(file.parent)
    found = (*check(loaded, documents), *(() if lock_may_be_broken else faults))
    if loaded.manifest is None or has_errors(found):
        raise ManifestError(*found)
    return Project(file, loaded.manifest, loaded, documents, found, lock_file)


def _lock_file(folder: Path) -> tuple[LockFile, tuple[Diagnostic, ...]]:
    try:
        return read_lock_file(folder), ()
    except ManifestError as problem:
        return LockFile(), problem.diagnostics
