"""Downloads beside the loop: launches go on, a run ends in time, a full disk is a fault of one file only."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from eocanvas_apply.applying import stopping
from eocanvas_apply.applying.results import part_file, receiving, storing
from eocanvas_apply.applying.results.part_file import PartFile
from eocanvas_apply.applying.results.receiving import Receiver
from eocanvas_apply.applying.results.storing import DiskFull, Target, Whole
from eocanvas_apply.applying.session import AT_ONCE
from eocanvas_apply.emulator.model.job_files import Output
from eocanvas_apply.errors import Doubt
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.progress import Happening, Transfer
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo
from tests.applying.fetched import DOWNLOAD, JOB, downloads, files, index, run_with
from tests.applying.simulated_runs import JOB_ONLY, NO_WAIT, endings, ends, fault, launched
from tests.simulation.world import World

TWO = (
    JOB_ONLY.replace("subset:", "one:")
    + """
  two:
    graph: graph.xml
    inputs: {img1: {url: https://data.example.org/b.zip}}
"""
)


def test_launches_go_on_while_a_download_is_under_way(tmp_path: Path) -> None:
    world = World(tmp_path)
    manifest = TWO + "quota: [{jobs: 1, per: 1h}]\ntiming: {poll: 1m}\n"
    seen: list[int] = []

    async def hold(step: str) -> None:
        if step.startswith("before GET") and "/download/" in step and not seen:
            while len(launched(world)) < 2:  # noqa: ASYNC110 - no code sets an event
                await asyncio.sleep(60)
            seen.append(len(launched(world)))

    assert not world.apply(manifest, step=hold).endings
    assert seen == [2]
    assert len(files(world, "results/one")) == len(files(world, "results/two")) == 1


def test_a_download_does_not_delay_the_end_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 0.05)
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(1000)), ("b.nc", b"short"))
    fault(world, "truncate", "*/a.nc", "GET", at=300)
    world.clock.advance(400)
    world.apply(JOB_ONLY, NO_WAIT)
    manifest = JOB_ONLY + "timing: {poll: 1m}\n"

    async def hold(step: str) -> None:
        if step.startswith("before GET") and step.endswith("a.nc"):
            await asyncio.sleep(36_000)

    result = world.run(applied(world, manifest, timedelta(minutes=50), hold))
    assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"unfinished"})
    (part,) = [name for name in files(world) if name.endswith(".part")]
    assert len(files(world)[part]) == 300
    assert not world.apply(manifest).endings
    assert files(world) == {"a.nc": bytes(1000), "b.nc": b"short"}
    assert downloads(world)[-1] == "bytes=300-"


async def applied(world: World, manifest: str, wait: timedelta, step: Callable[[str], object]):  # type: ignore[no-untyped-def]
    return await world.runner(manifest, step).apply(Requests(), wait, lambda plan: None)  # type: ignore[arg-type]


def test_many_jobs_that_ended_are_fetched_a_few_at_a_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    jobs = "".join(
        f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{url: 'https://data.example.org/{n}.zip'}}}}}}\n"
        for n in range(60)
    )
    manifest = f"version: 1\nproject: demo\njobs:\n{jobs}"
    world.apply(manifest, NO_WAIT)
    world.clock.advance(400)
    under_way, most = 0, 0

    async def count(step: str) -> None:
        nonlocal under_way, most
        if "/download/" in step or step.endswith("/results"):
            under_way += 1 if step.startswith("before") else -1
            most = max(most, under_way)
            await asyncio.sleep(0)

    assert not world.apply(manifest, NO_WAIT, count).endings
    assert most <= AT_ONCE
    assert len(list(tmp_path.glob("results/*/*.nc"))) == 60


def test_one_turn_fetches_all_available_results(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, *((f"{n}.nc", bytes([n]) * 100) for n in range(12)))
    world.clock.advance(400)
    assert not world.apply(JOB_ONLY, NO_WAIT).endings
    assert len(files(world)) == len(index(world)) == 12


@pytest.mark.parametrize("taken", [0, 1, 500, 999])
def test_a_disk_that_fills_up_at_any_byte_keeps_the_part_written(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.apply(TWO, NO_WAIT)
    for job in world.frontend.service.jobs.every():
        job.outputs = (Output("a.nc", 1000, bytes(1000)),)
    world.clock.advance(400)

    def full(file: BinaryIO, content: bytes) -> None:
        if "results/one/" in file.name:
            file.write(content[:taken])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file.write(content)

    with monkeypatch.context() as broken:
        broken.setattr(part_file, "write_all", full)
        broken.setattr(receiving, "SPARED", 0)
        broken.setattr(receiving, "check_room", lambda *_: None)
        result = world.apply(TWO)
    assert (ends(result), endings(result)) == ({"job.one": "failed", "job.two": "done"}, {"failed"})
    error = result.results[0].error
    assert error is not None
    assert error.message.startswith(
        f"results/one/a.nc: the disk is full: it needs {1000 - taken:,} bytes more, and 0 to"
    )
    assert not world.apply(TWO).endings
    assert files(world, "results/one") == files(world, "results/two") == {"a.nc": bytes(1000)}
    assert downloads(world)[-1] == (f"bytes={taken}-" if taken else "")


def test_a_file_too_large_for_the_disk_is_not_started(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    headers = {"content-length": str(10**18)}
    fault(world, "status", DOWNLOAD, "GET", status=200, body="short", headers=headers)
    result = world.apply(JOB_ONLY)
    assert endings(result) == {"failed"}
    assert result.results[0].error
    assert "it needs 1,000,000,000,000,000,000 bytes more" in result.results[0].error.message
    assert files(world) == {}
    assert not world.apply(JOB_ONLY).endings


@pytest.mark.parametrize(("total", "fault"), [(None, DiskFull), (100, Doubt)])
def test_a_result_without_an_end_is_given_up_before_it_fills_the_disk(
    total: int | None, fault: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            sent.append(1)
            assert len(sent) < 1000, "a gigabyte has come"
            yield bytes(1024 * 1024)

    monkeypatch.setattr(part_file, "write_all", lambda *_: None)
    monkeypatch.setattr(storing, "free_bytes", lambda _: 130 * 1024 * 1024 - len(sent) * 1024 * 1024)
    target = Target("a", ResultInfo("https://x.test/a.nc", "a.nc"), tmp_path / "a.nc", tmp_path / "a.nc.part")
    endless_download = Download(total, resumed=False, chunks=endless())
    with target.part.open("ab", buffering=0) as file, pytest.raises(fault) as raised:
        asyncio.run(receiving._append(endless_download, target, PartFile(file), lambda _: None))
    assert total is None or raised.value.diagnostics[0].code == "result-cut"  # type: ignore[attr-defined]
    # Free space is looked at each 8 MiB; 100 MiB are left to others.
    assert len(sent) == (32 if total is None else 8)


def test_progress_is_reported_once_a_second_at_most(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(1000)), ("b.nc", bytes(24)))
    assert not world.apply(JOB_ONLY).endings
    transfers = [each.transfer for each in world.progress if each.happening is Happening.RECEIVING]
    assert transfers[-1] == Transfer(files=2, due=2, arrived=1024, expected=1024)
    assert len(transfers) <= 6


def test_a_file_that_appears_where_a_result_goes_is_not_replaced(tmp_path: Path) -> None:
    target = Target("a", ResultInfo("https://x.test/a.nc", "a.nc"), tmp_path / "a.nc", tmp_path / "a.nc.part")
    target.part.write_bytes(b"the result")
    target.path.write_bytes(b"a file of the user")
    with pytest.raises(Doubt) as raised:
        storing.put_in_place(Whole(target, 10, hashlib.sha256(b"the result").hexdigest()), ())
    assert raised.value.diagnostics[0].code == "result-name-taken"
    assert target.path.read_bytes() == b"a file of the user"


def _receiver(folder: Path) -> Receiver:
    session: Any = None
    return Receiver(session, folder)


def test_a_download_that_is_cancelled_waits_for_the_thread_that_uses_its_file(tmp_path: Path) -> None:
    begun, end, done = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        begun.set()
        end.wait(10)
        done.append("renamed")

    async def main() -> None:
        task = asyncio.create_task(_receiver(tmp_path)._in_thread(work))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        end.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert done == ["renamed"]


def test_files_that_keep_the_disk_busy_leave_a_thread_to_the_ledger(tmp_path: Path) -> None:
    end = threading.Event()

    async def main() -> None:
        receiver = _receiver(tmp_path)
        # As many threads as asyncio has on a machine with one core.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(5))
        busy = [asyncio.create_task(receiver._in_thread(end.wait)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(10):
                assert await asyncio.to_thread(end.is_set) is False
        finally:
            end.set()
            await asyncio.gather(*busy)

    asyncio.run(main())
