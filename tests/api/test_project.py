"""A project is opened, planned, applied and queried: from a script, beside a running loop, and with await."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import eocanvas_apply as eoc
from eocanvas_apply.emulator.http.server import RunningEmulator

SCHEMAS = Path(__file__).parents[2] / "schemas"
ADDRESSES = ["key.scenes", 'job.tiles["north"]', 'job.tiles["south"]', 'job.tiles["west"]']


def received(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return len(wire.received)


def validate(name: str, document: object) -> None:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(json.loads(json.dumps(document)))


def test_a_project_is_planned_applied_and_queried(manifest: Path) -> None:
    events: list[eoc.Progress] = []
    with eoc.open(manifest, variables={"folder": "out"}) as project:
        plan = project.plan()
        assert plan.changes_pending
        assert {a.address: str(a.action) for a in plan.actions} == dict(
            zip(ADDRESSES, ["create", "launch", "launch", "launch"], strict=True)
        )
        assert (plan.summary["create"], plan.summary["launch"], plan.summary["delete"]) == (1, 3, 0)
        assert plan.diagnostics == ()
        assert len(project.results()) == 0

        run = project.apply(plan, wait="2m", on_progress=events.append)
        assert run.summary == {"done": 4, "failed": 0, "waiting": 0, "skipped": 0}
        shown = "Results\n  job.tiles: 3 files, 12 kB in out/\n1 key and 3 jobs: 4 done.\n"
        assert (run.exit_code, str(run)) == (0, shown)
        assert {str(each.happening) for each in events} >= {"created", "launched", "stored"}
        assert "key.scenes creating" in str(events[0])

        rows = project.results("tiles").to_dicts()
        assert [row["instance"] for row in rows] == ["north", "south", "west"]
        paths = [row["path"] for row in rows]
        assert [path.stat().st_size for path in paths] == [row["size"] for row in rows]
        assert all(path.is_relative_to(manifest.parent / "out") for path in paths)
        assert {row["status"] for row in project.status().to_dicts()} == {"successful"}
        assert not project.plan().changes_pending
        assert len({plan, run, project.status(), *plan.actions}) == 3 + len(ADDRESSES)


def test_documents_are_those_of_the_command_line(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from eocanvas_apply.cli import main

    with eoc.open(manifest) as project:
        plan = project.plan()
        run = project.apply(plan)
        status = project.status()
    validate("plan", plan.to_dict())
    validate("apply-result", run.to_dict())
    assert main(["status", "--format", "json", "-f", str(manifest)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {**status.to_dict(), "forecast": 0} == {**document, "forecast": 0}
    assert main(["status", "-f", str(manifest)]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == str(status).splitlines()[1:]


def test_nothing_is_sent_before_the_first_question(manifest: Path, emulator: RunningEmulator) -> None:
    before = received(emulator)
    with eoc.open(manifest) as project:
        assert received(emulator) == before
        project.plan()
    assert received(emulator) > before


def test_the_api_works_in_a_running_loop_and_with_await(manifest: Path) -> None:
    async def cell() -> tuple[eoc.Plan, eoc.Plan]:
        with eoc.open(manifest) as project:
            sync = project.plan(only=["tiles/north"])
        async with eoc.aopen(manifest) as other:
            plans = await asyncio.gather(other.plan(only=["tiles/north"]), other.status())
        return sync, plans[0]

    sync, awaited = asyncio.run(cell())
    assert sync.to_dict() | {"created": ""} == awaited.to_dict() | {"created": ""}
    assert sync.summary["launch"] == 1


def test_a_notebook_shows_tables_with_escaped_text(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        plan = project.plan()
        run, status, results = project.apply(plan), project.status(), project.results()
    shown = [(str(each), repr(each), each._repr_html_()) for each in (plan, run)]
    shown += [(str(each), repr(each), each._repr_html_()) for each in (status, results)]
    for text, short, html in shown:
        assert "<table>" in html
        assert "job.tiles[&quot;north&quot;]" in html
        assert "canary" not in html + short + text


def test_an_outdated_plan_is_refused_and_nothing_is_done(manifest: Path, emulator: RunningEmulator) -> None:
    with eoc.open(manifest) as project:
        part = project.plan(only=["tiles/north"])
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("[north, ", "[north, east, "), encoding="utf-8")
    with eoc.open(manifest) as project:
        with pytest.raises(eoc.PlanStale, match="manifest") as refused:
            project.apply(part)
        assert {each.code for each in refused.value.diagnostics} == {"plan-stale"}
        assert not (manifest.parent / ".eocanvas").exists()


def test_a_plan_may_be_given_again_and_then_does_nothing(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        plan = project.plan()
        assert project.apply(plan).exit_code == 0
        again = project.apply(plan)
        assert (again.exit_code, {str(each.action) for each in again.results}) == (0, {"none"})


def test_a_plan_refused_by_a_safety_rule_needs_its_flag(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", str(manifest.parent / "first.jsonl"))
    with eoc.open(manifest) as project:
        project.apply(project.plan())
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", str(manifest.parent / "second.jsonl"))
    with eoc.open(manifest) as project:
        plan = project.plan()
        assert [each.code for each in plan.diagnostics] == ["ledger-missing"]
        with pytest.raises(eoc.SafetyRefusal) as refused:
            project.apply(plan)
        assert [each.code for each in refused.value.diagnostics] == ["ledger-missing"]
        assert project.plan(allow=["allow-new-ledger"]).diagnostics == ()
        with pytest.raises(eoc.UsageError, match="allow-everything"):
            project.plan(allow=["allow-everything"])


def test_an_interrupt_stops_the_run_and_a_later_apply_continues(manifest: Path) -> None:
    def interrupt(event: eoc.Progress) -> None:
        if event.happening == "launched":
            raise KeyboardInterrupt

    with eoc.open(manifest) as project:
        with pytest.raises(KeyboardInterrupt):
            project.apply(project.plan(), on_progress=interrupt)
        assert project.apply(project.plan()).exit_code == 0
        assert len(project.results()) == 3


def test_one_turn_leaves_the_jobs_running(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        run = project.apply(project.plan(), wait=timedelta())
        assert (run.exit_code, run.summary["waiting"]) == (3, 3)
        with pytest.raises(eoc.UsageError, match="wait: 'soon'"):
            project.apply(project.plan(), wait="soon")
        with pytest.raises(eoc.UsageError, match="limit"):
            project.plan(limit=0)


def test_a_project_that_cannot_be_opened_is_a_clear_error(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(eoc.ManifestError) as refused:
        eoc.open(manifest, env="prod")
    assert [each.code for each in refused.value.diagnostics] == ["unknown-environment"]
    with pytest.raises(eoc.UsageError, match="nowhere"):
        eoc.open(manifest, variables={"nowhere": "x"})
    monkeypatch.delenv("HDA_USER")
    monkeypatch.setenv("HOME", str(manifest.parent))
    with pytest.raises(eoc.CredentialsError):
        eoc.open(manifest)
    with pytest.raises(eoc.ManifestError):
        eoc.open(manifest.parent / "none.yaml")


def test_a_closed_project_may_be_closed_again(manifest: Path) -> None:
    project = eoc.open(manifest)
    project.close()
    project.close()


def test_a_value_is_short_in_a_shell_and_plain_in_a_table(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        plan = project.plan(only="tiles/north")
        assert repr(plan).startswith("<Plan: 1 create, 1 launch, ")
        assert "<pre></pre>" not in project.results()._repr_html_()
        status = project.status()
        assert repr(status) == "<Status: 1 keys, 3 jobs>"
        assert all(type(row["reason"]) is str for row in status.to_dicts())


def test_a_closed_project_and_a_wrong_plan_are_clear_errors(manifest: Path) -> None:
    with eoc.open(manifest) as project, pytest.raises(TypeError, match=r"needs the Plan that project\.plan\(\)"):
        project.apply(None)  # type: ignore[arg-type]
    with pytest.raises(eoc.UsageError, match="the project is closed"):
        project.plan()


def test_several_applies_of_one_project_take_turns(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        plan = project.plan()
        with ThreadPoolExecutor(3) as pool:
            runs = list(pool.map(lambda _: project.apply(plan, wait="0s"), range(3)))
        assert {run.exit_code for run in runs} <= {0, 3}
        ledger = (manifest.parent / ".eocanvas/default.jsonl").read_text(encoding="utf-8")
    assert ledger.count('"job-intended"') == 3
    assert ledger.count('"key-intended"') == ledger.count('"ledger-opened"') == 1


def test_a_plan_that_runs_a_job_again_does_so_once(manifest: Path) -> None:
    with eoc.open(manifest) as project:
        project.apply(project.plan(), wait="2m")
        again = project.plan(relaunch="tiles/north", allow="allow-relaunches")
        for _ in range(2):
            assert project.apply(again, wait="2m").exit_code == 0
    ledger = (manifest.parent / ".eocanvas/default.jsonl").read_text(encoding="utf-8")
    assert ledger.count('"job-intended"') == 4


def test_an_invalid_call_stops_no_apply_and_closing_ends_it(manifest: Path) -> None:
    project = eoc.open(manifest)
    plan = project.plan()
    with ThreadPoolExecutor(1) as pool:
        begun = threading.Event()
        run = pool.submit(project.apply, plan, wait="2m", on_progress=lambda _: begun.set())
        assert begun.wait(30)
        with pytest.raises(eoc.UsageError):
            project.results("nope")
        project.close()
        assert run.result(timeout=30).exit_code in (0, 130)


def test_an_exception_has_the_hint_and_the_place_in_its_text(manifest: Path) -> None:
    with eoc.open(manifest) as project, pytest.raises(eoc.UsageError) as raised:
        project.plan(only=["tils"])
    assert str(raised.value) == "nothing here is called 'tils' (did you mean tiles?)"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("bucket:", "bukket:"), encoding="utf-8")
    with pytest.raises(eoc.ManifestError) as refused:
        eoc.load(manifest)
    assert f"{manifest}:6: unknown field `bukket` in `keys.scenes` (did you mean bucket?)" in str(refused.value)


def test_an_environment_has_its_own_overlay_and_ledger(manifest: Path) -> None:
    text = manifest.read_text(encoding="utf-8")
    overlay = "environments: {trial: {vars: {folder: trial}, jobs: {tiles: {for_each: {list: [north]}}}}}\n"
    manifest.write_text(text + overlay, encoding="utf-8")
    assert eoc.validate(manifest, env="trial") == []
    assert [each.code for each in eoc.validate(manifest, env="trail")] == ["unknown-environment"]
    with eoc.open(manifest, env="trial") as project:
        assert project.apply(project.plan()).summary["done"] == 2
        assert [row["instance"] for row in project.results("tiles").to_dicts()] == ["north"]
    assert [each.name for each in (manifest.parent / ".eocanvas").glob("*.jsonl")] == ["trial.jsonl"]
    assert [each.name for each in (manifest.parent / "trial").iterdir() if each.is_dir()] == ["north"]


def test_the_name_of_an_environment_is_a_text(manifest: Path) -> None:
    with pytest.raises(TypeError, match="env is the name of an environment or None, not 3"):
        eoc.open(manifest, env=3)  # type: ignore[arg-type]
