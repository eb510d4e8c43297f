"""A project: its manifest, its documents and its lock, read and checked; the rows are found in `engine.campaigns`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

from eocanvas_apply.campaign.lock import LockFile, read_lock_file
from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, has_errors
from eocanvas_apply.documents.yaml.nodes import Data, Plain, resolve_plain
from eocanvas_apply.errors import ManifestError, UsageError
from eocanvas_apply.files import read_bytes
from eocanvas_apply.manifest.graphs_and_chains import GraphsAndChains, Read, load_graphs_and_chains
from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.manifest.model.manifest import Manifest, Timing

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Project:
    """A manifest that may be planned, with `read`, which reads a file that it names and raises ManifestError."""

    file: Path
    manifest: Manifest
    loaded: LoadedManifest
    documents: GraphsAndChains
    read: Read
    diagnostics: tuple[Diagnostic, ...] = ()
    lock_file: LockFile = field(default_factory=LockFile)

    @property
    def folder(self) -> Path:
        """The manifest's folder, which its paths are relative to."""
        return self.file.parent

    def timing(self, overrides: Mapping[str, timedelta]) -> Timing:
        """Return the waits of a run; `overrides` replace fields of the manifest's `timing`."""
        return self.manifest.timing.model_copy(update=overrides)


def open_project(
    file: Path, variables: Mapping[str, str] = NO_VARIABLES, *, lock_may_be_broken: bool = False
) -> Project:
    """Read and check a manifest and the files it names; `variables` win, by name, over the defaults in `vars`.

    With `lock_may_be_broken` a lock that cannot be read counts as none: the caller writes a new one.
    Raises ManifestError with all findings where one is an error, UsageError for a variable that is not declared.
    """
    lock_file, faults = _lock_file(file.parent)
    read = partial(read_bytes, folder=file.parent)
    return parse_project(
        read_bytes(str(file), Path()), file, read, variables, lock_file, () if lock_may_be_broken else faults
    )


def parse_project(
    source: bytes | str,
    file: Path,
    read: Read,
    variables: Mapping[str, str] = NO_VARIABLES,
    lock_file: LockFile | None = None,
    lock_faults: tuple[Diagnostic, ...] = (),
) -> Project:
    """Check the text of a manifest; `read` gives the files that it names. Raises like `open_project`."""
    loaded = load(source, str(file))
    if variables and loaded.manifest:
        loaded = load(source, str(file), _typed_variables(variables, loaded.text.data))
    documents = load_graphs_and_chains(loaded, read)
    found = (*check(loaded, documents), *lock_faults)
    if loaded.manifest is None or has_errors(found):
        raise ManifestError(*found)
    return Project(file, loaded.manifest, loaded, documents, read, found, lock_file or LockFile())


def _lock_file(folder: Path) -> tuple[LockFile, tuple[Diagnostic, ...]]:
    try:
        return read_lock_file(folder), ()
    except ManifestError as fault:
        return LockFile(), fault.diagnostics


def _typed_variables(given: Mapping[str, str], manifest: Data) -> Mapping[str, Plain]:
    """Return the variables given as texts, read as the manifest would read them unquoted.

    A variable whose default is a text stays text. Raises UsageError for those that `vars` does not declare.
    """
    declared = manifest.get("vars") if isinstance(manifest, dict) else None
    known = declared if isinstance(declared, dict) else {}
    faults = [_undeclared(name, known) for name in given if name not in known]
    if faults:
        raise UsageError(*faults)
    return {name: _typed(text, known[name]) for name, text in given.items()}


def _typed(text: str, default: Data) -> Plain:
    if isinstance(default, str):
        return text
    value = resolve_plain(text)
    return text if value is None else value


def _undeclared(name: str, known: Mapping[str, object]) -> Diagnostic:
    declare = f"declare it with a default in the manifest: `vars: {{{name}: VALUE}}`"
    message = f"the manifest has no variable {name}"
    return error("unknown-variable", message, did_you_mean(name, known) or declare)
