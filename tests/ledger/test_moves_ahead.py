"""Until a move is on record, it is seen, and what is appended stands under the address that the ledger has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.fold.moves_ahead import MovesAhead
from eocanvas_apply.ledger.journal import Journal
from tests.ledger.appender import journal
from tests.ledger.entries import OPENED, job_intended

OLD, NEW = "job.subset", "job.lowlands"
MOVE = e.Moved(address=OLD, to=NEW)
LAUNCHED = (
    job_intended(OLD, "1" * 32),
    e.JobSubmitted(address=OLD, intent="1" * 32, job_id="j-1", status="accepted"),
)
# What the new name was, before it was given up.
PAST = (
    job_intended(NEW, "2" * 32),
    e.JobSubmitted(address=NEW, intent="2" * 32, job_id="j-2", status="accepted"),
    e.Forgotten(address=NEW, reason="requested"),
)


class Unanswered(LocalBackend):
    """A file whose next append is kept, and fails."""

    failing = False

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        await super().append(expected_head, entries)
        if self.failing:
            self.failing = False
            raise LedgerError(error("ledger-unwritable", "the answer was lost"))


@pytest.fixture(name="backend")
def _backend(tmp_path: Path) -> Unanswered:
    backend = Unanswered(tmp_path / "default.jsonl")
    asyncio.run(journal(backend).record(OPENED, *PAST, *LAUNCHED))
    return backend


async def seen(backend: LocalBackend, *moves: e.Moved) -> Journal:
    own = journal(backend)
    await own.refresh()
    for move in moves or (MOVE,):
        own.ahead.note(move, own.recorded)
    return own


def appended(backend: LocalBackend) -> list[e.AnyEvent]:
    return [entry.event for entry in asyncio.run(backend.read(1 + len(PAST) + len(LAUNCHED)))]


@pytest.mark.parametrize("failing", [False, True])
def test_a_claim_is_written_under_the_old_address_and_seen_under_the_new_one(
    backend: Unanswered, failing: bool
) -> None:
    async def work() -> Journal:
        own = await seen(backend)
        backend.failing = failing
        await own.claim(own.recorded.head, [e.Forgotten(address=NEW, reason="requested")])
        return own

    own = asyncio.run(work())
    assert appended(backend) == [e.Forgotten(address=OLD, reason="requested")]
    assert {address: record.forgotten for address, record in own.recorded.jobs.items()} == {NEW: "requested"}
    assert own.ahead.moves == [MOVE]


def test_moves_in_a_row_are_written_under_the_first_address(backend: Unanswered) -> None:
    onward = e.Moved(address=NEW, to="job.coast")

    async def work() -> None:
        own = await seen(backend, MOVE, onward)
        assert own.ahead.pairs == ((OLD, NEW), (NEW, "job.coast"))
        await own.record(e.JobDismissIntended(address="job.coast", job_id="j-1", reason="requested"))

    asyncio.run(work())
    assert appended(backend) == [e.JobDismissIntended(address=OLD, job_id="j-1", reason="requested")]


def test_a_fact_about_what_the_new_name_was_before_stays_with_it(backend: Unanswered) -> None:
    facts = [e.JobDismissed(address=NEW, job_id=job_id, supported=True) for job_id in ("j-1", "j-2")]

    async def work() -> None:
        await (await seen(backend)).record(*facts)

    asyncio.run(work())
    assert [getattr(event, "address", "") for event in appended(backend)] == [OLD, NEW]
    recorded = asyncio.run(journal(backend).refresh())
    assert {address: sorted(record.runs) for address, record in recorded.jobs.items()} == {NEW: ["j-2"], OLD: ["j-1"]}


def test_what_follows_the_record_of_a_move_has_the_new_address(backend: Unanswered) -> None:
    async def work() -> tuple[Journal, Journal]:
        own, other = await seen(backend), await seen(backend)
        fact = e.JobDismissed(address=NEW, job_id="j-1", supported=True)
        await own.record(*own.ahead.moves, fact)
        await own.record(fact)
        # The moves that another run records are not recorded once more.
        await other.refresh()
        return own, other

    own, other = asyncio.run(work())
    assert [getattr(event, "address", "") for event in appended(backend)] == [OLD, NEW, NEW]
    assert own.ahead == other.ahead == MovesAhead()
    assert own.recorded.jobs == other.recorded.jobs == asyncio.run(journal(backend).refresh()).jobs
