"""`import --all`: a manifest for what an account has, its files, and a ledger that has the jobs on record.

The ledger is written before the manifest: should the run end between the two, no manifest asks for jobs that are not
on record, and the same command goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.applying.document_store import keep_documents
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Severity, error
from eocanvas_apply.engine.adoption.job_reading import Heard, JobReading
from eocanvas_apply.engine.definition import Definition, parse_project
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.engine.opening import Settings, open_engine
from eocanvas_apply.errors import LedgerError, ManifestError, SafetyRefusal, UsageError
from eocanvas_apply.files import read_bytes, replace_text
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.observing.observer import observed_job
from eocanvas_apply.planning.adoption.account_draft import Account, Draft, draft
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.adoption.draft_files import draft_files, draft_manifest
from eocanvas_apply.planning.adoption.imported_job import job_adoption
from eocanvas_apply.planning.adoption.refusals import job_refusal
from eocanvas_apply.planning.keys.ownership import Owners
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.state.observed import ObservedKey


class AccountImport(Struct, frozen=True):
    """What would be written: the manifest and its files by their paths, and the jobs, which no ledger has yet."""

    engine: Engine
    file: Path
    draft: Draft
    manifest: str
    files: Mapping[str, str]
    events: tuple[AnyEvent, ...]
    decided_on: int

    async def write(self) -> tuple[Path, ...]:
        """Write the files, the ledger and last the manifest; return the paths.

        Raises OSError where a file cannot be written, and LedgerConflict where another run was first.
        """
        folder = self.file.parent
        written = tuple(folder / name for name in self.files)
        for path, text in zip(written, self.files.values(), strict=True):
            _write(path, text)
        await asyncio.to_thread(keep_documents, folder, self.engine.desired.jobs.values())
        if self.events:
            await self.engine.journal.claim(self.decided_on, self.events)
        _write(self.file, self.manifest)
        return (self.file, *written)


def blank(file: Path, project: str, boundary: Boundary) -> Definition:
    """Return the definition of a project that has nothing; raises UsageError where the manifest exists already."""
    if file.exists():
        hint = "`import --all` writes a new manifest; name another by -f, in a folder of its own"
        raise UsageError(error("file-exists", f"{file} exists already", hint))
    text = f"version: 1\nproject: {project}\n"
    made = parse_project(text, file, lambda written: read_bytes(written, boundary), boundary=boundary)
    return replace(made, allowed=boundary.allowed)


@asynccontextmanager
async def open_import(
    nothing: Definition, settings: Settings, heard: Heard, allowed: frozenset[str]
) -> AsyncIterator[AccountImport]:
    """Look at the account and yield what would be written; `nothing` is the `blank` definition of the project.

    Raises SafetyRefusal where no ledger may be opened, LedgerError where it has something else on record, and what
    opening an engine and a plan raise.
    """
    async with open_engine(nothing, settings) as engine:
        account = await _account(engine, heard)
    unfit: dict[str, str] = {}
    while True:
        made = draft(nothing.manifest.project, account, unfit)
        async with AsyncExitStack() as stack:
            try:
                engine = await stack.enter_async_context(open_engine(_definition(nothing, made), settings))
                found = await _prepared(engine, nothing, made, allowed)
            except ManifestError as fault:
                unfit |= _whose(made, fault)
                continue
            except _UnfitError as fault:
                unfit |= fault.reasons
                continue
            _refuse_to_overwrite(found)
            yield found
            return


class _UnfitError(Exception):
    """Jobs cannot stand in a manifest; `reasons` by their ids."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


def _whose(made: Draft, fault: ManifestError) -> Mapping[str, str]:
    """Return which jobs the errors are of; raises the error where it is of none."""
    errors = [each for each in fault.diagnostics if each.severity is Severity.ERROR and each.address]
    found = {
        job.job_id: f"a manifest cannot have it: {each.message}"
        for each in errors
        for address, job in made.addresses().items()
        if address == each.address or address.startswith(f"{each.address}[")
    }
    if not found:
        raise fault
    return found


async def _account(engine: Engine, heard: Heard) -> Account:
    """Return what the account shows; raises what a plan does."""
    engine.require_policy()
    _, observed = await engine.plan(Requests())
    owners = Owners.of(observed, Recorded())

    def is_own(key: ObservedKey) -> bool:
        return not owners.differ(key) and not (key.expires and key.expires <= observed.at)

    listed = await engine.service.jobs()
    jobs = [observed_job(each) for each in listed.jobs]
    reading = JobReading(engine, heard)
    seen = await reading.seen(jobs, await reading.logs(jobs))
    own = frozenset(name for name, key in observed.keys.items() if is_own(key))
    return Account(observed.keys, own, tuple(seen))


def _definition(nothing: Definition, made: Draft) -> Definition:
    """Return the definition of a draft, whose files are not written yet; raises ManifestError."""
    files = draft_files(made)

    def read(written: str) -> bytes:
        return files[written].encode()

    defined = parse_project(draft_manifest(made), nothing.file, read, boundary=nothing.boundary)
    return replace(defined, allowed=nothing.allowed, policy=nothing.policy)


async def _prepared(engine: Engine, nothing: Definition, made: Draft, allowed: frozenset[str]) -> AccountImport:
    """Return what would be written; raises what `open_import` does, and _UnfitError for jobs that do not fit."""
    engine.require_policy()
    _, observed = await engine.plan(Requests())
    opening = engine.opening()
    if opening and (refused := engine.new_ledger_refusal(Requests(allowed=allowed), observed, "import")):
        raise SafetyRefusal(refused)
    _require_nothing_else(engine, made)
    taken = [*_adoptions(engine, made, [opening] if opening else [], observed.at)]
    if unfit := {each.target: _not_said(each) for each in taken if each.differences}:
        raise _UnfitError(unfit)
    events = tuple(event for each in taken for event in each.events)
    opened = (opening,) if opening and events else ()
    files, head = draft_files(made), engine.journal.recorded.head
    return AccountImport(engine, nothing.file, made, draft_manifest(made), files, (*opened, *events), head)


def _adoptions(engine: Engine, made: Draft, opening: Sequence[AnyEvent], at: datetime) -> Iterator[Adoption]:
    """Yield how each job becomes that of its address, but those that are on record; raises UsageError for no job."""
    recorded = deepcopy(engine.journal.recorded)
    recorded.note(opening)
    for address, job in made.addresses().items():
        if refused := job_refusal(recorded, address, job.job_id):
            raise UsageError(refused)
        if recorded.owner_of.get(job.job_id) == address:
            continue
        wanted = engine.desired.jobs[address]
        adoption = job_adoption(engine.desired, wanted, job.seen, recorded, intent=engine.token(), at=at)
        recorded.note(adoption.events)
        yield adoption


def _not_said(adoption: Adoption) -> str:
    paths = ", ".join(change.path for change in adoption.differences)
    return f"a manifest cannot say what its log shows of {paths}"


def _require_nothing_else(engine: Engine, made: Draft) -> None:
    """Raise LedgerError where the ledger has on record what the manifest would not have."""
    recorded = engine.journal.recorded
    others = sorted(
        {*recorded.keys, *(a for a, job in recorded.jobs.items() if not job.forgotten)} - {*made.addresses()}
    )
    if others:
        what = f"{engine.journal.url} has other keys and jobs on record, such as {others[0]}"
        hint = (
            "a new manifest needs a ledger of its own: write it into another folder by -f, or name another by --ledger"
        )
        raise LedgerError(error("ledger-not-empty", what, hint))


def _refuse_to_overwrite(found: AccountImport) -> None:
    """Raise UsageError where one of its files exists with another content."""
    folder = found.file.parent
    hint = "`import --all` overwrites nothing: move the file, or name a manifest in another folder by -f"
    taken = [folder / name for name, text in found.files.items() if _holds_other(folder / name, text)]
    if taken:
        raise UsageError(*(error("file-exists", f"{path} exists already", hint) for path in taken))


def _holds_other(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() != text.encode()
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, text)
