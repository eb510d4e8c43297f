"""Results brought here apart from a run: what is recorded as listed and not here, or a copy of all of it elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.applying.results.copying import Copier
from eocanvas_apply.applying.results.downloads import Downloads
from eocanvas_apply.applying.session import Session
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.job_states import job_state, remark_words
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.planning.state.stored import StoredResult
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.results.index import Indexes, IndexRow, index_unwritable, place, write_index
from eocanvas_apply.results.presence import Copy, Presence, copies, presence, wanted

_LEFT = {Presence.REMOVED: "missing", Presence.OTHER: "edited"}


class Collected(Struct, frozen=True):
    """What came of it: how every result stands in the folder now, what went wrong, and what was left as it is."""

    stands: Mapping[Copy, Presence]
    failures: tuple[Diagnostic, ...]

    @property
    def left(self) -> tuple[Diagnostic, ...]:
        """The files that were edited or removed and are not to be fetched again."""
        return tuple(_left(copy, how) for copy, how in self.stands.items() if how in _LEFT)


async def collect(engine: Engine, addresses: Collection[str], *, again: bool) -> Collected:
    """Fetch into the project what is not here, and record what was never fetched.

    Files that were edited or removed stay so unless `again` asks for them. Raises ServiceError, LedgerError.
    """
    session, folder = engine.session(), engine.observer.folder
    await _fetch_pending(session, addresses)
    found = [each for each in copies(session.journal.recorded, session.desired, addresses) if each.recorded]
    stands = await _copied(session, session.boundary, found, set(addresses), again=again)
    indexes = Indexes(session.boundary, session.desired)
    for each in stands.copied:
        indexes.begin(place(folder, each.index), each.address)
    failures = {**session.failures, **await indexes.write(session.journal.refresh)}
    return Collected(stands.now, tuple(failures.values()))


async def copy_to(engine: Engine, addresses: Collection[str], folder: Path, *, again: bool) -> Collected:
    """Fetch all that was listed into another folder, in the project's layout; the project's ledger stays as it is.

    What lies there and is what it should be is not fetched again. Raises ServiceError, LedgerError.
    """
    recorded, session = await engine.recorded(), engine.session()
    # All of them, not only those asked for: one index lists the instances of a whole campaign.
    found = [_inside(each) for each in copies(recorded, engine.desired, recorded.jobs)]
    stands = await _copied(session, Boundary(folder), found, set(addresses), again=again)
    try:
        await asyncio.to_thread(_write_indexes, engine.desired, engine.journal.recorded, folder, stands.now)
    except OSError as fault:
        for address in addresses:
            session.failures.setdefault(address, index_unwritable(folder, fault, address))
    asked = {copy: how for copy, how in stands.now.items() if copy.address in addresses}
    return Collected(asked, tuple(session.failures.values()))


async def _fetch_pending(session: Session, addresses: Collection[str]) -> None:
    downloads = Downloads(session)
    try:
        await downloads.open()
        downloads.start(_fetches(session, addresses))
        await downloads.wait(None)
    finally:
        await downloads.abandon()


def _fetches(session: Session, addresses: Collection[str]) -> Iterator[PlannedAction]:
    for address in addresses:
        job, record = session.desired.jobs.get(address), session.journal.recorded.jobs[address]
        run = None if record.forgotten else counted_run(record)
        if job and job.folder and run and run.pending:
            task = FetchResults(run.job_id, job)
            yield PlannedAction.of(address, ActionKind.FETCH, Reason.RESULTS_PENDING, task=task)


class _Stands(Struct, frozen=True):
    copied: tuple[Copy, ...]
    now: dict[Copy, Presence]


async def _copied(
    session: Session, boundary: Boundary, found: list[Copy], addresses: set[str], *, again: bool
) -> _Stands:
    before = await asyncio.to_thread(presence, boundary, found)
    chosen = [copy for copy in wanted(before, again=again) if copy.address in addresses]
    copier = Copier(session, boundary)
    await copier.copy(chosen)
    came = copier.copied
    now = {came.get(copy, copy): Presence.HERE if copy in came else how for copy, how in before.items()}
    return _Stands(tuple(came.values()), now)


def _write_indexes(desired: Desired, recorded: Recorded, folder: Path, stands: Mapping[Copy, Presence]) -> None:
    rows: dict[Path, list[IndexRow]] = defaultdict(list)
    for copy, how in stands.items():
        if how is Presence.HERE or (how is Presence.REMOVED and copy.sha256):
            index, job = place(folder, copy.index), desired.jobs.get(copy.address)
            stored = StoredResult(copy.address, copy.job_id, copy.file, copy.size or 0, copy.sha256 or "")
            file = place(folder, copy.file).relative_to(index).as_posix()
            record = recorded.jobs.get(copy.address)
            state = job_state(record, checks=job.remark_checks if job else {})
            remarks = remark_words(counted_run(record))
            rows[index].append(IndexRow(copy.address, state, job.fields if job else {}, file, stored, remarks=remarks))
    for index, found in rows.items():
        write_index(index, found)


def _inside(copy: Copy) -> Copy:
    """Return it with a place inside the folder of copies, also where the project's results lie beside the project."""
    return replace(copy, file=_within(copy.file), index=_within(copy.index))


def _within(path: str) -> str:
    parts = PurePath(os.path.normpath(path)).parts
    return PurePath(*(part for part in parts if part not in ("..", os.sep))).as_posix()


def _left(copy: Copy, how: Presence) -> Diagnostic:
    what, hint = "was removed", "--refetch fetches it again"
    if how is not Presence.REMOVED:
        what, hint = (
            "differs from the fetched result",
            f"it is left as it is; {hint}, and moves this one to .eocanvas/superseded",
        )
    return warning(f"result-{_LEFT[how]}", f"{copy.file} {what}", hint, address=copy.address)
