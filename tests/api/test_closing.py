"""A project is closed while it is at work, from another thread or task, and used in one event loop after another."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.api import blocking, project
from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.engine import Engine


def test_a_call_beside_the_closing_is_answered_or_refused(manifest: Path) -> None:
    def ask(opened: eoc.Project) -> str:
        try:
            return type(opened.results()).__name__
        except eoc.UsageError as refused:
            return str(refused)

    with ThreadPoolExecutor(9) as pool:
        for _ in range(5):
            opened = eoc.open(manifest)
            asked = [pool.submit(ask, opened) for _ in range(4)]
            closing = pool.submit(opened.close)
            asked += [pool.submit(ask, opened) for _ in range(4)]
            closing.result(timeout=30)
            assert {each.result(timeout=30) for each in asked} <= {
                "Results",
                "the project is closed (open it again: eoc.open(...))",
            }


def test_a_call_that_begins_while_the_project_closes_is_refused(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing, going_on = threading.Event(), threading.Event()

    async def close(self: eoc.AsyncProject) -> None:
        closing.set()
        await asyncio.to_thread(going_on.wait, 30)

    monkeypatch.setattr(project.AsyncProject, "close", close)
    opened = eoc.open(manifest)
    with ThreadPoolExecutor(1) as pool:
        closed = pool.submit(opened.close)
        assert closing.wait(30)
        with pytest.raises(eoc.UsageError, match="the project is closed"):
            opened.results()
        going_on.set()
        closed.result(timeout=30)


def test_an_apply_that_does_not_end_in_time_is_refused(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "GRACE_S", 0.0)
    begun = threading.Event()

    async def applied(self: eoc.AsyncProject, *_: object) -> None:
        begun.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(project.AsyncProject, "applied", applied)
    opened = eoc.open(manifest)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(opened.apply, opened.plan())
        assert begun.wait(30)
        opened.close()
        with pytest.raises(eoc.UsageError, match="the project is closed"):
            run.result(timeout=30)


def test_leaving_an_async_project_stops_its_applies(manifest: Path) -> None:
    async def main() -> tuple[eoc.ApplyResult, eoc.EocanvasApplyError]:
        launched = asyncio.Event()

        def see(event: eoc.Progress) -> None:
            if event.happening == "launched":
                launched.set()

        async with eoc.aopen(manifest) as opened:
            plan = await opened.plan()
            first = asyncio.create_task(opened.apply(plan, on_progress=see))
            await launched.wait()
            second = asyncio.create_task(opened.apply(plan))
            await asyncio.sleep(0)
        with pytest.raises(eoc.EocanvasApplyError) as refused:
            await second
        return await first, refused.value

    run, refused = asyncio.run(asyncio.wait_for(main(), 60))
    assert run.exit_code in (0, 130)
    assert [each.code for each in refused.diagnostics] == ["interrupted"]


def test_an_error_of_ours_shows_no_frames_of_the_layers_below(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def recorded(self: Engine) -> None:
        raise eoc.ServiceError(error("service-unreachable", "no answer")) from OSError("refused")

    monkeypatch.setattr(Engine, "recorded", recorded)
    with eoc.open(manifest) as opened, pytest.raises(eoc.ServiceError, match="no answer") as refused:
        opened.results()
    shown = "".join(traceback.format_exception(refused.value))
    assert "During handling" not in shown
    assert "direct cause" not in shown
    files = {Path(frame.filename).name for frame in traceback.extract_tb(refused.value.__traceback__)}
    assert files == {Path(__file__).name, "blocking.py"}


def test_a_project_is_used_in_one_event_loop_after_another(manifest: Path) -> None:
    opened = eoc.aopen(manifest)

    async def plan() -> eoc.Plan:
        return await opened.plan()

    # The loop of the first call ends without `close`.
    assert asyncio.run(plan()).summary == asyncio.run(plan()).summary
    asyncio.run(opened.close())
    asyncio.run(plan())


def test_a_project_that_is_open_in_another_event_loop_is_refused(manifest: Path) -> None:
    opened = eoc.aopen(manifest)

    def elsewhere(call: Callable[[], Coroutine[Any, Any, object]]) -> None:
        with pytest.raises(eoc.UsageError, match="open in another event loop"):
            asyncio.run(call())

    async def main() -> None:
        async with opened:
            await opened.plan()
            await asyncio.to_thread(elsewhere, opened.plan)
            await asyncio.to_thread(elsewhere, opened.close)
            await opened.plan()
        await asyncio.to_thread(asyncio.run, opened.plan())

    asyncio.run(main())


def test_projects_are_shown_by_their_manifest(manifest: Path) -> None:
    with eoc.open(manifest) as opened:
        assert repr(opened) == f"<Project: {manifest}>"
    assert repr(opened) == f"<Project: {manifest} (closed)>"
    assert repr(eoc.aopen(manifest)) == f"<AsyncProject: {manifest}>"
