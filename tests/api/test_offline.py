"""A project that is opened offline plans as `plan --offline` does, and does nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.server import RunningEmulator


@pytest.fixture(name="without_account")
def _without_account(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take away what a machine for pull requests from forks does not have."""

    def leave() -> None:
        for name in ("HDA_USER", "HDA_PASSWORD", "EOCANVAS_URL", "EOCANVAS_TOKEN_URL", "A", "B"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(manifest.parent))

    return leave


def test_it_plans_as_the_command_line_does(
    manifest: Path, without_account: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with eoc.open(manifest) as project:
        project.apply(project.plan(only="tiles/north"))
    without_account()
    with eoc.open(manifest, offline=True) as project:
        plan = project.plan(relaunch="tiles/north", allow="allow-relaunches")
    assert plan.offline
    assert plan.summary["launch"] == 2
    assert plan.summary["relaunch"] == 1
    words = ["--relaunch", "tiles/north", "--allow-relaunches"]
    assert main(["plan", "--offline", "-f", str(manifest), "--format", "json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    assert plan.to_dict() | {"created": ""} == document | {"created": ""}


def test_it_sends_nothing_and_reads_the_ledger_of_the_environment(
    manifest: Path, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", str(manifest.parent / "elsewhere.jsonl"))
    with eoc.open(manifest) as project:
        project.apply(project.plan())

    async def planned() -> tuple[eoc.Plan, eoc.Plan]:
        async with eoc.aopen(manifest, offline=True) as project:
            return await project.plan(), await project.plan(destroy=True)

    with emulator.model() as wire:
        before = len(wire.received)
    plan, destroying = asyncio.run(planned())
    with emulator.model() as wire:
        assert len(wire.received) == before
    assert not plan.changes_pending
    assert destroying.summary["delete"] == 1


def test_nothing_but_a_plan_can_be_had(manifest: Path, without_account: Callable[[], None], tmp_path: Path) -> None:
    without_account()
    with eoc.open(manifest, offline=True) as project:
        plan = project.plan()
        calls: list[Callable[[], object]] = [
            lambda: project.apply(plan),
            project.continue_apply,
            project.status,
            project.results,
            lambda: project.save(plan, tmp_path / "review.plan"),
        ]
        for call in calls:
            with pytest.raises(eoc.UsageError, match=r"without the service|opened offline"):
                call()


def test_its_plan_is_neither_applied_nor_saved_by_another_project(manifest: Path, tmp_path: Path) -> None:
    with eoc.open(manifest, offline=True) as project:
        plan = project.plan()
    with eoc.open(manifest) as project:
        for call in (lambda: project.apply(plan), lambda: project.save(plan, tmp_path / "review.plan")):
            with pytest.raises(eoc.UsageError, match="a plan without the service cannot be applied"):
                call()
    assert not (tmp_path / "review.plan").exists()
    assert not (manifest.parent / ".eocanvas").exists()


def test_offline_is_true_or_false(manifest: Path) -> None:
    with pytest.raises(TypeError, match="offline is True or False, not 'no'"):
        eoc.open(manifest, offline="no")  # type: ignore[arg-type]
