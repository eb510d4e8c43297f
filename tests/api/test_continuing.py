"""What a schedule does: short turns of the manifest that was accepted last, and nothing of another one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.emulator.http.server import RunningEmulator


def codes(fault: eoc.EocanvasApplyError) -> list[str]:
    return [each.code for each in fault.diagnostics]


def test_short_turns_carry_on_until_only_results_are_left(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        first = project.apply(project.plan(limit=1), wait="0s")
        assert (first.exit_code, first.unfinished) == (3, True)
    events: list[eoc.Progress] = []
    while True:
        # Each turn is a process of its own, as a scheduler starts it.
        with eoc.open(manifest) as project:
            run = project.continue_apply(wait="0s", fetch=False, on_progress=events.append)
        assert run.unfinished == (run.exit_code == 3)
        if not run.unfinished:
            break
    assert run.exit_code == 0
    assert [str(each.happening) for each in events].count("launched") == 2
    assert not list(manifest.parent.glob("results/**/*.nc"))
    with eoc.open(manifest) as project:
        assert project.continue_apply().exit_code == 0
        assert len(project.results()) == 3
        assert not project.plan().changes_pending


def test_only_the_manifest_that_was_accepted_last_is_continued(manifest: Path, emulator: RunningEmulator) -> None:
    with eoc.open(manifest) as project:
        with pytest.raises(eoc.PlanStale) as refused:
            project.continue_apply()
        assert codes(refused.value) == ["nothing-accepted"]
        project.apply(project.plan(limit=1), wait="0s")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("[north, ", "[north, east, "), encoding="utf-8")
    before = launched(emulator)
    with eoc.open(manifest) as project:
        with pytest.raises(eoc.PlanStale) as refused:
            project.continue_apply(wait="0s")
        assert codes(refused.value) == ["plan-stale"]
        assert launched(emulator) == before


def test_it_takes_the_requests_of_a_plan(manifest: Path, emulator: RunningEmulator) -> None:
    async def turn() -> eoc.ApplyResult:
        async with eoc.aopen(manifest) as project:
            await project.apply(await project.plan(only="tiles/north"), wait="0s")
            return await project.continue_apply(only=["tiles/south"], wait="0s")

    before = launched(emulator)
    run = asyncio.run(turn())
    assert launched(emulator) == before + 2
    assert [each.address for each in run.results if each.outcome == "skipped"] == ['job.tiles["west"]']


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"wait": 5}, "wait is a text"),
        ({"on_progress": 5}, "on_progress is a function"),
        ({"fetch": 0}, "fetch is True"),
    ],
    ids=str,
)
def test_a_wrong_type_names_the_argument(manifest: Path, given: dict[str, Any], message: str) -> None:
    with eoc.open(manifest) as project, pytest.raises(TypeError, match=message):
        project.continue_apply(**given)


def launched(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return len(list(wire.service.jobs.every()))
