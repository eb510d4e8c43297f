"""The rules of every ledger backend. Each kind of backend runs all of these tests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import JobIntended, JobObserved
from eocanvas_apply.ledger.journal import Backend
from eocanvas_apply.ledger.verify import verify
from tests.ledger.appender import journal
from tests.ledger.entries import OPENED, SAMPLES, entries, job_intended, note
from tests.ledger.kinds import KINDS, Ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="ledger", params=KINDS)
def _ledger(request: pytest.FixtureRequest) -> Ledger:
    kind = KINDS[request.param]
    return Ledger(kind, kind.address(request))


def read(backend: Backend, after: int = 0) -> Sequence[Entry]:
    return asyncio.run(backend.read(after))


def append(backend: Backend, head: int, batch: Sequence[Entry]) -> None:
    asyncio.run(backend.append(head, batch))


def numbers(ledger: Ledger) -> list[int]:
    """The numbers of the facts in a ledger, in order; also checks that it is valid and its numbers have no gap."""
    found = read(ledger.open())
    assert [entry.seq for entry in found] == list(range(1, len(found) + 1))
    batches = [d for d in verify(found) if "append" in d.message]
    assert not batches
    return [int(e.event.job_id[2:]) for e in found if isinstance(e.event, JobObserved)]


class TestReading:
    def test_reading_an_absent_ledger_gives_no_entries_and_creates_nothing(self, ledger: Ledger) -> None:
        assert list(read(ledger.open())) == []
        assert list(read(ledger.open())) == []
        append(ledger.open(), 0, entries([OPENED]))

    def test_appended_events_are_read_back_equal(self, ledger: Ledger) -> None:
        written = entries(SAMPLES)
        append(ledger.open(), 0, written)
        assert list(read(ledger.open())) == written

    @pytest.mark.parametrize("after", [0, 1, 2, 3])
    def test_reading_after_a_number_gives_the_later_entries(self, ledger: Ledger, after: int) -> None:
        backend = ledger.open()
        append(backend, 0, entries([OPENED, note(1)]))
        append(backend, 2, entries([note(2)], after=2, batch="b2"))
        for reader in (backend, ledger.open()):
            assert [entry.seq for entry in read(reader, after)] == list(range(after + 1, 4))

    def test_an_open_reader_sees_entries_of_others(self, ledger: Ledger) -> None:
        reader, writer = ledger.open(), ledger.open()
        append(writer, 0, entries([OPENED]))
        assert len(read(reader)) == 1
        append(writer, 1, entries([note(1)], after=1, batch="b2"))
        assert [entry.seq for entry in read(reader, 1)] == [2]
        assert len(read(reader)) == 2

    def test_lost_entries_are_an_error(self, ledger: Ledger) -> None:
        append(ledger.open(), 0, entries([OPENED]))
        with pytest.raises(LedgerError):
            read(ledger.open(), 5)

    def test_its_url_is_a_text_for_people(self, ledger: Ledger) -> None:
        assert ledger.open().url


class TestAppending:
    @pytest.mark.parametrize("expected", [0, 2, 4])
    def test_another_head_is_a_conflict_and_nothing_is_kept(self, ledger: Ledger, expected: int) -> None:
        append(ledger.open(), 0, entries([OPENED, note(1), note(2)]))
        # A head beyond the end of the ledger means that entries were lost, not that a runner is late.
        kind = LedgerConflict if expected < 3 else LedgerError
        with pytest.raises(kind):
            append(ledger.open(), expected, entries([note(9)], after=expected, batch="b2"))
        assert numbers(ledger) == [1, 2]

    def test_after_a_conflict_a_runner_reads_and_appends_on_the_new_head(self, ledger: Ledger) -> None:
        one, other = ledger.open(), ledger.open()
        append(one, 0, entries([OPENED]))
        with pytest.raises(LedgerConflict) as late:
            append(other, 0, entries([OPENED], batch="b2"))
        assert late.value.diagnostics[0].code == "ledger-conflict"
        assert len(read(other)) == 1
        append(other, 1, entries([note(1)], after=1, batch="b3"))
        assert numbers(ledger) == [1]

    def test_a_large_append_is_stored_complete_and_in_order(self, ledger: Ledger) -> None:
        append(ledger.open(), 0, entries([note(n) for n in range(500)]))
        assert numbers(ledger) == list(range(500))


class TestAtOnce:
    def test_only_one_of_two_claims_on_one_head_is_stored(self, ledger: Ledger) -> None:
        backends = [ledger.open() for _ in range(8)]

        def claim(place: int) -> bool:
            try:
                append(backends[place], 0, entries([note(place), note(place)], batch=f"b{place}"))
            except LedgerConflict:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            stood = list(pool.map(claim, range(8)))
        assert sum(stood) == 1
        assert numbers(ledger) == [stood.index(True)] * 2

    def test_one_backend_serves_several_threads(self, ledger: Ledger) -> None:
        backend = ledger.open()
        append(backend, 0, entries([OPENED]))

        def work(place: int) -> int:
            if place % 2:
                return len(read(backend))
            try:
                append(backend, 1, entries([note(place)], after=1, batch=f"b{place}"))
            except LedgerConflict:
                return 0
            return 1

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(work, range(32)))
        assert sum(done[::2]) == 1
        assert len(numbers(ledger)) == 1

    def test_facts_of_several_processes_are_all_stored_complete(self, ledger: Ledger) -> None:
        runners = [_process(ledger, first, 20) for first in (0, 100, 200)]
        for runner in runners:
            assert runner.communicate(timeout=120)[0].split()
            assert runner.returncode == 0
        found = numbers(ledger)
        assert sorted(found) == sorted([n for first in (0, 100, 200) for n in range(first, first + 20)] * 2)
        for first in (0, 100, 200):
            assert [n for n in found if first <= n < first + 20] == [n for n in range(first, first + 20) for _ in "12"]

    def test_a_killed_writer_loses_no_confirmed_entry(self, ledger: Ledger) -> None:
        runner = _process(ledger, 0, 100_000)
        assert runner.stdout
        said = [int(runner.stdout.readline()) for _ in range(25)]
        runner.kill()
        said += [int(line) for line in runner.communicate(timeout=60)[0].split()]
        kept = numbers(ledger)
        assert kept == [n for n in range(len(kept) // 2) for _ in "12"]
        assert set(said) <= set(kept)
        asyncio.run(journal(ledger.open()).record(note(-1)))
        assert numbers(ledger) == [*kept, -1]


def _process(ledger: Ledger, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.ledger.appender", ledger.kind.name, ledger.address, str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


class Uncertain:
    """A backend whose next append fails with unknown outcome, after an entry of another runner if asked."""

    def __init__(self, ledger: Ledger, *, kept: bool, foreign: bool = False) -> None:
        self._inner, self._other = ledger.open(), ledger.open()
        self._kept, self._foreign = kept, foreign
        self.failing = True

    @property
    def url(self) -> str:
        return self._inner.url

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        return await self._inner.read(after, part=part)

    async def append(self, expected_head: int, batch: Sequence[Entry]) -> None:
        if not self.failing:
            return await self._inner.append(expected_head, batch)
        self.failing = False
        if self._foreign:
            await self._other.append(expected_head, entries([note(77)], after=expected_head, batch="foreign"))
        elif self._kept:
            await self._inner.append(expected_head, batch)
        raise LedgerError(error("ledger-unwritable", "the answer was lost"))


class TestUncertainAppends:
    def test_a_stored_fact_is_not_appended_again(self, ledger: Ledger) -> None:
        own = journal(Uncertain(ledger, kept=True))
        asyncio.run(own.record(note(1), note(2)))
        assert numbers(ledger) == [1, 2]
        assert own.recorded.head == 2

    def test_a_fact_that_lost_against_another_entry_is_appended_again(self, ledger: Ledger) -> None:
        asyncio.run(journal(Uncertain(ledger, kept=False, foreign=True)).record(note(1)))
        assert numbers(ledger) == [77, 1]

    def test_a_fact_that_was_not_stored_is_reported_and_appended_with_the_next_one(self, ledger: Ledger) -> None:
        async def work() -> None:
            own = journal(Uncertain(ledger, kept=False))
            with pytest.raises(LedgerError, match="the answer was lost"):
                await own.record(note(1))
            await own.record(note(2))

        asyncio.run(work())
        assert numbers(ledger) == [1, 2]

    @pytest.mark.parametrize(("kept", "foreign"), [(True, False), (False, True), (False, False)])
    def test_a_claim_holds_only_when_it_was_stored(self, ledger: Ledger, kept: bool, foreign: bool) -> None:
        own = journal(Uncertain(ledger, kept=kept, foreign=foreign))
        claimed = own.claim(0, [job_intended()])
        if kept:
            asyncio.run(claimed)
        else:
            with pytest.raises(LedgerConflict if foreign else LedgerError):
                asyncio.run(claimed)
        claims = [entry for entry in read(ledger.open()) if isinstance(entry.event, JobIntended)]
        assert len(claims) == (1 if kept else 0)


class TestClaimsAndFacts:
    def test_a_claim_fails_when_another_runner_has_moved_the_head(self, ledger: Ledger) -> None:
        async def work() -> None:
            own, other = journal(ledger.open()), journal(ledger.open())
            head = (await own.refresh()).head
            await other.record(note(1))
            with pytest.raises(LedgerConflict):
                await own.claim(head, [job_intended()])
            await own.claim((await own.refresh()).head, [job_intended()])

        asyncio.run(work())
        assert [entry.event.type for entry in read(ledger.open())] == ["job-observed", "job-intended"]

    def test_a_claim_fails_although_the_entry_of_the_other_runner_was_read(self, ledger: Ledger) -> None:
        async def work() -> None:
            own, other = journal(ledger.open()), journal(ledger.open())
            head = (await own.refresh()).head
            await other.record(note(1))
            await own.record(note(2))
            with pytest.raises(LedgerConflict):
                await own.claim(head, [job_intended()])

        asyncio.run(work())

    def test_a_claim_holds_after_our_own_entries(self, ledger: Ledger) -> None:
        async def work() -> None:
            own = journal(ledger.open())
            head = (await own.refresh()).head
            await own.record(note(1))
            await own.claim(head, [job_intended()])

        asyncio.run(work())
        assert len(read(ledger.open())) == 2

    def test_facts_are_appended_on_the_new_head_until_they_are_stored(self, ledger: Ledger) -> None:
        async def work() -> None:
            own, other = journal(ledger.open()), journal(ledger.open())
            await own.refresh()
            await other.record(note(1))
            await own.record(note(2))
            assert {run.job_id for _, run in own.recorded.runs()} == {"j-1", "j-2"}

        asyncio.run(work())
        assert numbers(ledger) == [1, 2]

    def test_facts_that_wait_together_share_one_append(self, ledger: Ledger) -> None:
        async def work() -> None:
            own = journal(ledger.open())
            await asyncio.gather(*(own.record(note(n)) for n in range(10)))

        asyncio.run(work())
        assert len({entry.batch for entry in read(ledger.open())}) < 10
        assert numbers(ledger) == list(range(10))

    def test_a_fact_is_appended_although_its_task_was_cancelled(self, ledger: Ledger) -> None:
        async def work() -> None:
            own = journal(ledger.open())
            task = asyncio.ensure_future(own.record(note(1)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await own.record(note(2))

        asyncio.run(work())
        assert numbers(ledger) == [1, 2]
