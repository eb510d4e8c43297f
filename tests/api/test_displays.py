"""What a notebook shows of a project, a plan and a status: a map and a calendar above a table."""

from __future__ import annotations

import asyncio
from pathlib import Path

import eocanvas_apply as eoc
from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.api.test_project import received

IMAGE = 'src="data:image/svg+xml;base64,'


def alts(shown: str) -> list[str]:
    return [part.partition(":")[0] for part in shown.split('alt="')[1:]]


def test_plan_and_status_have_a_map_and_a_calendar(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        plan = project.plan()
        project.apply(plan)
        status = project.status()
        for each in (plan, status, project):
            shown = each._repr_html_() or ""
            assert alts(shown) == ["Map", "Calendar"]
            assert "3 jobs at 1 place" in shown
            assert "canary" not in shown
        assert "3 jobs succeeded" in (status._repr_html_() or "")


def test_a_project_is_shown_without_asking_the_service(manifest: Path, emulator: RunningEmulator) -> None:
    before = received(emulator)
    with eoc.open(manifest) as project:
        first = project._repr_html_() or ""
        assert "0 of 3 jobs done" in first
        assert "from the ledger</b>" in first
        assert received(emulator) == before
        project.apply(project.plan())
        asked = received(emulator)
        later = project._repr_html_() or ""
        assert "3 of 3 jobs done" in later
        assert "at the last look at the service</b>" in later
        assert "<td>job.tiles</td><td>3</td><td>3</td>" in later
        assert received(emulator) == asked
    assert project._repr_html_() is None
    with eoc.open(manifest) as again:
        assert "3 of 3 jobs done" in (again._repr_html_() or "")


def test_an_offline_project_is_shown_by_its_ledger(manifest: Path) -> None:
    with eoc.open(manifest, offline=True) as project:
        assert alts(project._repr_html_() or "") == ["Map", "Calendar"]
        assert alts(project.plan()._repr_html_()) == ["Map", "Calendar"]
        assert "from the ledger</b>" in (project._repr_html_() or "")


def test_a_project_whose_ledger_is_broken_says_so(manifest: Path) -> None:
    (manifest.parent / ".eocanvas").mkdir()
    (manifest.parent / ".eocanvas/default.jsonl").write_text('{"no": "event"}\n{"x": 1}\n', encoding="utf-8")
    with eoc.open(manifest) as project:
        shown = project._repr_html_() or ""
    assert "<pre>" in shown
    assert "default.jsonl" in shown
    assert IMAGE not in shown


def test_a_plan_made_of_values_is_a_table(manifest: Path) -> None:
    async def main() -> eoc.Plan:
        async with eoc.aopen(manifest, offline=True) as project:
            return await project.plan()

    plan = asyncio.run(main())
    assert plan.value.desired is not None
    built = eoc.build_plan(plan.value.desired, eoc.Recorded(), plan.observed, eoc.Requests(), plan.value.created)
    assert IMAGE not in built._repr_html_()
    assert "<table>" in built._repr_html_()
