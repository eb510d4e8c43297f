"""`ledger copy`: between all kinds of ledgers, interrupted, beside a run at work, and never over another ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger import copies
from eocanvas_apply.ledger.copies import copy_ledger
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.journal import Backend
from tests.ledger.entries import OPENED, entries, job_intended
from tests.ledger.kinds import KINDS, Ledger


def launch(number: int) -> AnyEvent:
    return job_intended(f"job.j{number}", f"{number:032}")


ALL = [*entries([OPENED]), *(each for n in range(1, 8) for each in entries([launch(n)], after=n, batch=f"b-{n}"))]


@pytest.fixture(name="source")
def _source(request: pytest.FixtureRequest) -> Ledger:
    kind = KINDS["local"]
    found = Ledger(kind, kind.address(request))
    write(found.open(), ALL)
    return found


@pytest.fixture(name="target", params=KINDS)
def _target(request: pytest.FixtureRequest) -> Ledger:
    kind = KINDS[request.param]
    address = kind.address(request)
    return Ledger(kind, f"{address}.copy" if request.param == "local" else address)


def write(backend: Backend, some: Sequence[Entry]) -> None:
    for each in some:
        asyncio.run(backend.append(each.seq - 1, [each]))


def copied(source: Ledger, target: Ledger) -> tuple[int, int]:
    return asyncio.run(copy_ledger(source.open(), target.open()))


def test_the_copy_has_the_same_entries_and_the_way_back_too(source: Ledger, target: Ledger) -> None:
    assert copied(source, target) == (8, 8)
    assert list(asyncio.run(target.open().read())) == ALL
    assert copied(source, target) == (8, 0)
    assert copied(target, source) == (8, 0)


def test_a_copy_that_was_interrupted_goes_on(source: Ledger, target: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_PART", 2)
    write(target.open(), ALL[:3])
    assert copied(source, target) == (8, 5)
    assert list(asyncio.run(target.open().read())) == ALL


def test_another_ledger_is_not_touched(source: Ledger, target: Ledger) -> None:
    others = [*ALL[:2], *entries([launch(9)], after=2, batch="other")]
    write(target.open(), others)
    with pytest.raises(LedgerError) as raised:
        copied(source, target)
    assert raised.value.diagnostics[0].code == "ledger-not-empty"
    assert list(asyncio.run(target.open().read())) == others


def test_a_target_that_is_longer_than_the_source_is_another_ledger(source: Ledger, target: Ledger) -> None:
    copied(source, target)
    write(target.open(), entries([launch(9)], after=8, batch="b-9"))
    with pytest.raises(LedgerError, match="does not have"):
        copied(source, target)


class Growing:
    """A ledger that a run appends to while it is copied."""

    def __init__(self, backend: Backend) -> None:
        self.backend, self.url, self.appended = backend, backend.url, 0

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        found = await self.backend.read(after, part=part)
        if self.appended < 2:
            self.appended += 1
            head = 7 + self.appended
            await self.backend.append(head, entries([launch(head)], after=head, batch=f"late-{head}"))
        return found

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        raise NotImplementedError


def test_what_is_appended_meanwhile_is_copied_too(source: Ledger, target: Ledger) -> None:
    assert asyncio.run(copy_ledger(Growing(source.open()), target.open())) == (10, 10)
    assert len(asyncio.run(target.open().read())) == 10


def test_a_run_on_the_target_is_not_run_over(source: Ledger, target: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_PART", 1)
    plain, others = type(target.open()).append, target.open()

    async def append(self: Backend, head: int, some: Sequence[Entry]) -> None:
        if head == 3 and self is not others:
            await plain(others, 3, entries([launch(9)], after=3, batch="other"))
        await plain(self, head, some)

    monkeypatch.setattr(type(others), "append", append)
    with pytest.raises(LedgerConflict):
        copied(source, target)


def test_an_absent_or_damaged_ledger_is_not_copied(source: Ledger, target: Ledger) -> None:
    with pytest.raises(LedgerError) as raised:
        copied(target, source)
    assert raised.value.diagnostics[0].code == "ledger-absent"
    write(source.open(), entries([OPENED], after=8, batch="again"))
    with pytest.raises(LedgerError, match="opened once"):
        copied(source, target)
    assert list(asyncio.run(target.open().read())) == []
