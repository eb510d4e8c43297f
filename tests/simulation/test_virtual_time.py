"""Virtual time: sleepers side by side, time-outs, and what is done in threads elsewhere."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from eocanvas_apply.emulator.model.clock import EPOCH, VirtualClock
from eocanvas_apply.errors import LedgerConflict
from eocanvas_apply.simulation.simulated_service import MemoryLedger
from eocanvas_apply.simulation.virtual_time import LoopClock, run
from tests.ledger.entries import OPENED, entries


def test_sleepers_sleep_side_by_side_and_wake_in_order() -> None:
    clock, woken = VirtualClock(), []
    runner = LoopClock(clock)

    async def sleeper(seconds: float) -> None:
        await runner.sleep(seconds)
        woken.append((seconds, runner.now() - EPOCH))

    async def all_of_them() -> None:
        await asyncio.gather(*(sleeper(s) for s in (86400.0 * 60, 0.3, 1e-7)))

    begun = time.perf_counter()
    run(clock, all_of_them())
    assert [seconds for seconds, _ in woken] == [1e-7, 0.3, 86400.0 * 60]
    assert all(timedelta(seconds=s) <= at < timedelta(seconds=s, milliseconds=1) for s, at in woken)
    assert time.perf_counter() - begun < 30


def test_time_outs_are_of_virtual_time() -> None:
    clock = VirtualClock()

    async def too_long() -> None:
        async with asyncio.timeout(30):
            await asyncio.sleep(3600)

    with pytest.raises(TimeoutError):
        run(clock, too_long())
    assert timedelta(seconds=30) <= clock() - EPOCH < timedelta(seconds=31)


def test_thread_work_is_done_at_once_in_virtual_time() -> None:
    clock = VirtualClock()

    def fails() -> None:
        raise OSError("disk")

    async def work() -> int:
        with pytest.raises(OSError, match="disk"):
            await asyncio.to_thread(fails)
        return await asyncio.to_thread(lambda: 7)

    assert run(clock, work()) == 7
    assert clock() == EPOCH


def test_waiting_forever_is_an_error() -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="never comes"):
        run(VirtualClock(), for_ever())


def test_virtual_time_does_not_pass_in_a_real_loop() -> None:
    with pytest.raises(RuntimeError, match="virtual"):
        asyncio.run(LoopClock(VirtualClock()).sleep(60))


@pytest.mark.parametrize("before", [0, 17])
def test_a_ledger_in_memory_follows_the_rules_of_a_ledger(before: int) -> None:
    ledger = MemoryLedger(before)

    async def kept() -> list[int]:
        found = entries([OPENED] * 3, before)
        await ledger.append(before, found)
        with pytest.raises(LedgerConflict):
            await ledger.append(before, found)
        assert list(await ledger.read(before)) == found
        return [entry.seq for entry in await ledger.read(before + 1)]

    assert asyncio.run(kept()) == [before + 2, before + 3]
    assert ledger.head == before + 3
