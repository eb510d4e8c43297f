"""The definition of a project: manifest, documents, lock and the rows of campaigns, read and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.campaign.expanded import Expansion
from eocanvas_apply.campaign.lock import Lock, LockFile, changed_searches, lock_age, read_lock_file
from eocanvas_apply.checks.checking import adjusted, check, check_rows
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, has_errors, info, limited
from eocanvas_apply.documents.numbers import WrittenFloat, WrittenInt, number_text
from eocanvas_apply.documents.yaml.nodes import Data, Plain, resolve_plain
from eocanvas_apply.engine.download_folders import folders_outside
from eocanvas_apply.errors import ManifestError, UsageError
from eocanvas_apply.files import read_bytes
from eocanvas_apply.manifest.graphs_and_chains import GraphsAndChains, Read, load_graphs_and_chains, with_instances
from eocanvas_apply.manifest.loading import LoadedManifest, load_layers
from eocanvas_apply.manifest.model.jobs import SnapJob
from eocanvas_apply.manifest.model.manifest import Manifest, Timing
from eocanvas_apply.manifest_sources import Layers, ManifestFiles, Source

# `validate` of a manifest without campaigns needs neither rows nor what a plan compares, and no policy.
if TYPE_CHECKING:
    from eocanvas_apply.campaign.readers.hda import Search
    from eocanvas_apply.campaign.readers.s3 import Lister
    from eocanvas_apply.planning.desired.desired import Desired
    from eocanvas_apply.policy.policy_file import PolicyFile

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class Definition(Struct, frozen=True):
    """A manifest that may be planned, with `read`, which reads a file that it names and raises ManifestError."""

    files: ManifestFiles
    manifest: Manifest
    loaded: LoadedManifest
    documents: GraphsAndChains
    read: Read
    diagnostics: tuple[Diagnostic, ...] = ()
    lock_file: LockFile = field(default_factory=LockFile)
    allowed: tuple[Path, ...] = ()
    environment: str | None = None
    policy: PolicyFile | None = None

    @property
    def file(self) -> Path:
        """The first file of the manifest."""
        return self.files.first

    @property
    def folder(self) -> Path:
        """The folder of the manifest's first file, which paths are relative to."""
        return self.files.folder

    @property
    def has_campaigns(self) -> bool:
        """Whether a job has rows."""
        return any(job.for_each is not None for job in self.manifest.jobs.values())

    @property
    def boundary(self) -> Boundary:
        """What the manifest may name: what lies in the folders of its files, or in one of `allowed`."""
        return self.files.boundary(self.allowed)

    @property
    def ledger_url(self) -> str | None:
        """The address of the ledger that the manifest names."""
        return self.manifest.ledger.url if self.manifest.ledger else None

    def timing(self, overrides: Mapping[str, timedelta]) -> Timing:
        """Return the waits of a run; `overrides` replace fields of the manifest's `timing`."""
        return self.manifest.timing.model_copy(update=overrides)


def open_project(
    names: Path | Sequence[Path],
    variables: Mapping[str, str] = _NO_VARIABLES,
    allowed: tuple[Path, ...] = (),
    *,
    environment: str | None = None,
    lock_may_be_broken: bool = False,
    layers: Layers | None = None,
) -> Definition:
    """Read and check a manifest and the files it names; `variables` win, by name, over the defaults in `vars`.

    A name is that of a file, or of a folder of several `*.eocanvas.yaml`; a later one is laid over those before it.
    The files lie in the folders of these or in one of `allowed`. `environment` names the overlay that holds.
    With `lock_may_be_broken` a lock that cannot be read counts as none: the caller writes a new one. `layers` are the
    texts of the manifest where it was read already.
    Raises ManifestError with all findings where one is an error, UsageError for a variable that is not declared.
    """
    files = ManifestFiles.named(*([names] if isinstance(names, Path) else names))
    boundary = files.boundary(allowed)
    lock_file, faults = _lock_file(boundary)
    read = partial(read_bytes, boundary=boundary)
    faults = () if lock_may_be_broken else faults
    layers = files.read(allowed) if layers is None else layers
    project = _defined(layers, files, read, variables, lock_file, faults, boundary, environment)
    return replace(project, allowed=allowed)


def parse_project(
    source: bytes | str,
    file: Path,
    read: Read,
    variables: Mapping[str, str] = _NO_VARIABLES,
    lock_file: LockFile | None = None,
    lock_faults: tuple[Diagnostic, ...] = (),
    boundary: Boundary | None = None,
    environment: str | None = None,
) -> Definition:
    """Check the text of a manifest; `read` gives the files that it names. Raises like `open_project`.

    Folders for results are held to a boundary where one is given.
    """
    content = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    layers, files = ((Source(str(file), content),),), ManifestFiles.of_file(file)
    return _defined(layers, files, read, variables, lock_file, lock_faults, boundary, environment)


def _defined(
    layers: Layers,
    files: ManifestFiles,
    read: Read,
    variables: Mapping[str, str],
    lock_file: LockFile | None,
    lock_faults: tuple[Diagnostic, ...],
    boundary: Boundary | None,
    environment: str | None,
) -> Definition:
    loaded = load_layers(layers, environment=environment)
    if variables and loaded.manifest:
        loaded = load_layers(layers, _typed_variables(variables, loaded.text.data), environment)
    documents = _with_points(load_graphs_and_chains(loaded, read), loaded, read)
    outside = folders_outside(loaded, {}, boundary) if boundary else ()
    found = (*check(loaded, documents), *lock_faults, *outside)
    if loaded.manifest is None or has_errors(found):
        raise ManifestError(*found)
    lock_file = lock_file or LockFile()
    return Definition(files, loaded.manifest, loaded, documents, read, found, lock_file, environment=environment)


def _with_points(documents: GraphsAndChains, loaded: LoadedManifest, read: Read) -> GraphsAndChains:
    jobs = loaded.manifest.jobs.values() if loaded.manifest else ()
    if not any(isinstance(job, SnapJob) and job.points is not None for job in jobs):
        return documents
    from eocanvas_apply.campaign.job_points import with_points

    return with_points(documents, loaded, read)


def _lock_file(boundary: Boundary) -> tuple[LockFile, tuple[Diagnostic, ...]]:
    try:
        return read_lock_file(boundary), ()
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
    values = {name: None if isinstance(known[name], str) else resolve_plain(text) for name, text in given.items()}
    return {name: given[name] if value is None else value for name, value in values.items()}


def _undeclared(name: str, known: Mapping[str, object]) -> Diagnostic:
    declare = f"declare it with a default in the manifest: `vars: {{{name}: VALUE}}`"
    message = f"the manifest has no variable {name}"
    return error("unknown-variable", message, did_you_mean(name, known) or declare)


class Rows(Enum):
    """Where the rows of campaigns come from."""

    ASKED = "the lock, then the catalogue and the storages"
    ANEW = "the catalogue and the storages, whatever the lock says"
    GIVEN = "files and the lock only: campaigns that need more stay without rows"


class Campaigns(Struct, frozen=True):
    """A project with its rows. `documents` holds also those that only rows name; `diagnostics` are of all of it."""

    project: Definition
    documents: GraphsAndChains
    expansion: Expansion
    diagnostics: tuple[Diagnostic, ...]

    def desired(self, overrides: Mapping[str, timedelta]) -> Desired:
        """Return what the manifest asks for; `overrides` replace fields of `timing`."""
        from eocanvas_apply.planning.desired.derivation import desired

        return desired(
            self.project.manifest,
            self._digest(),
            self.documents,
            self.expansion.instances,
            self.project.timing(overrides),
            unasked=self.expansion.unknown,
            environment=self.project.environment,
        )

    @property
    def refusals(self) -> tuple[Diagnostic, ...]:
        """What the policy refuses of the manifest and its rows."""
        if (policy := self.project.policy) is None:
            return ()
        from eocanvas_apply.policy.manifest_limits import manifest_refusals

        files = {**self.documents.files, **self.expansion.files}
        return manifest_refusals(policy, self.project.loaded, self.expansion.instances, files, self.project.boundary)

    @property
    def parts(self) -> Mapping[str, str]:
        """Digests of what its digest is made of, by words for it: the manifest, files, variables, the lock."""
        loaded = self.project.loaded
        files = {
            f"the file {name}": digest for name, digest in {**self.documents.files, **self.expansion.files}.items()
        }
        variables = {f"the variable {name}": _sha256(json.dumps(_spelt(v))) for name, v in loaded.variables.items()}
        lock = {"the lock": _sha256(text)} if (text := self.project.lock_file.text) else {}
        environment = {"the environment": _sha256(name)} if (name := self.project.environment) else {}
        texts = {self.project.files.label(name): digest for name, digest in loaded.digests.items()}
        return texts | files | variables | lock | environment

    def _digest(self) -> str:
        loaded = self.project.loaded
        files = {**self.documents.files, **self.expansion.files}
        variables = sorted((name, _spelt(value)) for name, value in loaded.variables.items())
        everything = [loaded.digest, sorted(files.items()), variables, self.project.lock_file.text]
        # Without one it is the digest of manifests that were accepted before there were environments.
        everything += [self.project.environment] if self.project.environment else []
        return "sha256:" + hashlib.sha256(json.dumps(everything).encode()).hexdigest()


def _sha256(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _spelt(value: Plain) -> Plain:
    # Inside a text 05.10 is another variable than 5.1.
    return number_text(value) if isinstance(value, WrittenInt | WrittenFloat) else value


async def find_rows(
    project: Definition, rows: Rows, now: datetime, search: Search | None = None, lister: Lister | None = None
) -> Campaigns:
    """Return a project with its rows; raises ManifestError, ServiceError, CredentialsError, UsageError.

    A search that fails ends the run: a campaign without some of its rows would look as if they had been taken out.
    """
    if rows is Rows.GIVEN:
        return given_rows(project, now)
    lock = project.lock_file.lock
    used = lock if rows is Rows.ASKED else None
    found = await _expanded(project, now, used, search, lister)
    notes = lock_age(lock, found.searches, now) if rows is Rows.ASKED else changed_searches(lock, found.searches)
    return _checked(project, found, notes)


def given_rows(project: Definition, now: datetime) -> Campaigns:
    """Return a project with the rows that files and the lock give, without network. Raises ManifestError."""
    return _checked(project, _without_waiting(_expanded(project, now, project.lock_file.lock)), ())


async def _expanded(
    project: Definition, now: datetime, lock: Lock | None, search: Search | None = None, lister: Lister | None = None
) -> Expansion:
    if not project.has_campaigns:
        return Expansion({})
    from eocanvas_apply.campaign.expansion import expand

    return await expand(project.loaded, project.read, now=now, search=search, lister=lister, lock=lock)


def offline_findings(campaigns: Campaigns) -> tuple[Diagnostic, ...]:
    """Return the findings of a check without network, with a note on each campaign whose rows it could not check."""
    loaded = campaigns.project.loaded
    hint = "`plan` asks for them"
    notes = [
        loaded.place(
            info("rows-not-asked", "rows not checked: they come from a search or a listing", hint),
            ("jobs", name, "for_each"),
            at_name=True,
        )
        for name in sorted(campaigns.expansion.unknown)
    ]
    return (*campaigns.diagnostics, *notes)


def _checked(project: Definition, expansion: Expansion, notes: tuple[Diagnostic, ...]) -> Campaigns:
    documents, of_rows = _with_rows(project, expansion) if project.has_campaigns else (project.documents, [])
    outside = folders_outside(project.loaded, expansion.instances, project.boundary)
    found = tuple(limited((*project.diagnostics, *of_rows, *outside, *notes)))
    if has_errors(found):
        raise ManifestError(*found)
    return Campaigns(project, documents, expansion, found)


def _with_rows(project: Definition, expansion: Expansion) -> tuple[GraphsAndChains, list[Diagnostic]]:
    """Return the documents with those too that only rows name, and what is wrong with the rows."""
    from eocanvas_apply.campaign.job_points import with_points_of_rows

    named = with_instances(project.documents, project.loaded, project.read, expansion.instances)
    documents = with_points_of_rows(named, project.loaded, project.read, expansion.instances)
    new = documents.diagnostics[len(project.documents.diagnostics) :]
    of_rows = check_rows(project.loaded, documents, expansion.instances)
    return documents, [*adjusted(expansion.diagnostics, project.manifest), *new, *of_rows]


def _without_waiting(expansion: Coroutine[Any, Any, Expansion]) -> Expansion:
    """Return an expansion that needs no event loop, because it reads files only."""
    try:
        expansion.send(None)
    except StopIteration as done:
        return cast("Expansion", done.value)
    raise RuntimeError("rows from files do not wait")
