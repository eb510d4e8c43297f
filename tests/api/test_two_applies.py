"""One saved plan is applied by two runs at once, or the service changes meanwhile: nothing beyond the plan is done."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.api.test_continuing import launched


def saved(manifest: Path, **requests: object) -> Path:
    file = manifest.parent / "review.plan"
    with eoc.open(manifest) as project:
        project.save(project.plan(**requests), file)  # type: ignore[arg-type]
    return file


async def _twice(manifest: Path, file: Path) -> list[eoc.ApplyResult]:
    async with eoc.aopen(manifest) as one, eoc.aopen(manifest) as other:
        plan = eoc.read_plan(file)
        return [*await asyncio.gather(one.apply(plan), other.apply(plan))]


def test_a_relaunch_that_was_asked_for_happens_once(manifest: Path, emulator: RunningEmulator) -> None:
    with eoc.open(manifest) as project:
        project.apply(project.plan())
    file, before = saved(manifest, relaunch="tiles/north"), launched(emulator)
    ended = asyncio.run(_twice(manifest, file))
    assert launched(emulator) == before + 1
    assert [each.exit_code for each in ended] == [0, 0]


def test_failed_jobs_are_tried_again_once(manifest: Path, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults += [JobFault("graph", times=6)]
    with eoc.open(manifest) as project:
        assert project.apply(project.plan()).exit_code == 4
    file, before = saved(manifest, retry_failed=True), launched(emulator)
    ended = asyncio.run(_twice(manifest, file))
    assert launched(emulator) == before + 3
    assert {each.exit_code for each in ended} == {4}


def test_a_limit_holds_for_both_together(manifest: Path, emulator: RunningEmulator) -> None:
    file, before = saved(manifest, limit=2), launched(emulator)
    ended = asyncio.run(_twice(manifest, file))
    assert launched(emulator) == before + 2
    assert {each.exit_code for each in ended} <= {3, 6}


def test_a_job_that_vanishes_meanwhile_does_not_run_again(manifest: Path, emulator: RunningEmulator) -> None:
    manifest.write_text(manifest.read_text(encoding="utf-8") + "timing: {settle: 1s}\n", encoding="utf-8")
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "/north.zip"))

    def vanish(progress: eoc.Progress) -> None:
        if progress.happening == "launched" and progress.address == 'job.tiles["north"]':
            with emulator.model() as wire:
                wire.service.jobs.vanish(progress.detail)

    file, before = saved(manifest), launched(emulator)
    with eoc.open(manifest) as project:
        ended = project.apply(eoc.read_plan(file), on_progress=vanish)
    assert launched(emulator) == before + 3
    assert ended.exit_code == 6
    assert [each.message for each in ended.diagnostics if each.code == "plan-stale"] == [
        'job.tiles["north"]: relaunch (vanished) is not in the plan'
    ]
    with eoc.open(manifest) as project, pytest.raises(eoc.PlanStale, match="vanished"):
        project.apply(eoc.read_plan(file))
