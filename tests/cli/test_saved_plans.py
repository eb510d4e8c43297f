"""A plan is saved, reviewed and applied later: exactly that, once, and only as long as it holds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import Project

END = "    output: {download: results}\n"
SECOND = """\
  second:
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {key: scenes, path: /b.zip, uncompress: true, sub_path: xfdumanifest.xml}}
"""


@pytest.fixture(autouse=True)
def _here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)


@pytest.fixture(name="plan")
def _plan(project: Project) -> str:
    assert project.run("plan", "--out", "review.plan") == 0, project.err
    assert "eocanvas-apply apply review.plan" in project.err
    return "review.plan"


def launches(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return len(list(wire.service.jobs.every()))


def ledger() -> list[dict[str, Any]]:
    lines = Path(".eocanvas/default.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def show(project: Project, *words: str) -> str:
    assert main(["show", *words]) == 0
    return project.capsys.readouterr().out


def codes(project: Project) -> list[str]:
    return [each["code"] for each in json.loads(project.out)["diagnostics"] if each["severity"] == "error"]


def test_a_plan_holds_for_a_job_that_waited_for_another_one(project: Project, emulator: RunningEmulator) -> None:
    after = SECOND.replace("{key: scenes, path: /b.zip,", "{result: subset,")
    project.manifest.write_text(project.manifest.read_text("utf-8") + after, encoding="utf-8")
    assert project.run("plan", "--out", "review.plan") == 0, project.err
    assert project.run("apply", "review.plan", "--no-wait") == 3, project.err
    time.sleep(1)
    assert project.run("apply", "review.plan") == 0, project.err
    assert launches(emulator) == 2


def test_a_schedule_carries_on_with_a_reviewed_manifest_that_changes_nothing(project: Project, plan: str) -> None:
    assert project.run("apply", plan) == 0, project.err
    project.manifest.write_text(project.manifest.read_text("utf-8") + "max_running: 3\n", encoding="utf-8")
    assert project.run("apply", "--continue") == 6
    assert project.run("plan", "--out", "second.plan") == 0, project.err
    assert project.run("apply", "second.plan") == 0, project.err
    assert project.run("apply", "--continue") == 0, project.err
    before = len(ledger())
    assert project.run("apply", "second.plan") == 0, project.err
    assert len(ledger()) == before


def test_a_saved_plan_is_applied_without_a_question_and_then_does_nothing(
    project: Project, emulator: RunningEmulator, plan: str
) -> None:
    assert project.run("apply", plan) == 0, project.err
    assert project.run("apply", plan) == 0, project.err
    assert launches(emulator) == 1
    accepted = [each for each in ledger() if each["type"] == "plan-accepted"]
    assert [each["plan_id"] for each in accepted] == [json.loads(Path(plan).read_bytes())["plan_id"]]


def test_a_saved_plan_holds_no_secret(project: Project, plan: str) -> None:
    assert "canary" not in Path(plan).read_text(encoding="utf-8")
    assert "scrypt2:" in Path(plan).read_text(encoding="utf-8")


def test_what_was_changed_after_the_review_is_named_and_nothing_is_done(
    project: Project, emulator: RunningEmulator, plan: str
) -> None:
    project.change("/a.zip", "/b.zip")
    assert project.run("apply", plan) == 6
    assert "eocanvas.yaml has changed since the plan was made" in project.err
    assert "a variable or the lock" not in project.err
    project.change("/b.zip", "/a.zip")
    graph = project.folder / "subset.xml"
    graph.write_text(graph.read_text(encoding="utf-8") + "<!-- -->\n", encoding="utf-8")
    assert project.run("apply", plan, "--format", "json") == 6
    assert set(codes(project)) == {"plan-stale"}
    assert "the file subset.xml has changed" in project.out
    assert launches(emulator) == 0


def test_another_secret_than_planned_is_refused(project: Project, plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENES_SECRET_KEY", "canary-another-one")
    assert project.run("apply", plan) == 6
    assert "the secrets are not those that the plan was made with" in project.err
    assert "canary" not in project.err


def test_what_a_schedule_appends_makes_no_plan_stale(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    project.change(END, END + SECOND)
    assert project.run("plan", "--out", "second.plan") == 0
    project.change(SECOND, "")
    assert project.run("apply", "--continue", "--no-wait") == 0
    project.change(END, END + SECOND)
    assert project.run("apply", "second.plan") == 0, project.err
    assert launches(emulator) == 2


def test_a_schedule_goes_on_with_what_was_accepted_and_with_nothing_else(
    project: Project, emulator: RunningEmulator
) -> None:
    assert project.run("apply", "--continue") == 6
    assert "[nothing-accepted]" in project.err
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("apply", "--continue") == 0
    before = len(ledger())
    assert project.run("apply", "--continue") == 0
    assert len(ledger()) == before
    project.change(END, END + SECOND)
    assert project.run("apply", "--continue") == 6
    assert "[plan-stale]" in project.err
    assert launches(emulator) == 1


def test_a_reviewed_rename_is_recorded_and_a_schedule_goes_on(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    project.change("  subset:\n", "  lowlands:\n")
    project.change(END, END + "moved: [{from: job.subset, to: job.lowlands}]\n")
    assert project.run("apply") == 5
    assert "job.subset is now job.lowlands" in project.err
    assert ledger()[-1]["type"] != "moved"
    assert project.run("plan", "--out", "rename.plan", "--detailed-exitcode") == 2
    assert project.run("apply", "rename.plan") == 0, project.err
    assert "job.subset is now job.lowlands" in project.err
    assert [each["type"] for each in ledger()[-2:]] == ["plan-accepted", "moved"]
    assert project.run("apply", "--continue") == 0
    assert project.run("plan", "--detailed-exitcode") == 0
    assert launches(emulator) == 1


def test_a_plan_without_a_ledger_holds_for_the_one_that_it_opened_only(project: Project, plan: str) -> None:
    assert project.run("plan", "--only", "scenes", "--out", "other.plan") == 0
    assert project.run("apply", plan, "--no-wait") in (0, 3)
    assert project.run("apply", plan) == 0, project.err
    assert project.run("apply", "other.plan") == 6
    assert "which another plan opened" in project.err


def test_nothing_goes_on_after_a_destroy(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    assert project.run("plan", "--destroy", "--out", "away.plan") == 0
    assert project.run("apply", "away.plan") == 0, project.err
    assert project.run("apply", "--continue") == 6
    assert "to destroy it" in project.err
    with emulator.model() as wire:
        assert [key.name for key in wire.service.keystore] == ["eodata"]


@pytest.mark.parametrize(
    "words",
    [
        ["--only", "subset"],
        ["--limit", "1"],
        ["--retry-failed"],
        ["--relaunch", "subset"],
        ["--allow-deletes"],
        ["--continue"],
    ],
)
def test_what_a_plan_asks_for_is_saved_with_it(project: Project, plan: str, words: list[str]) -> None:
    assert project.run("apply", plan, *words) == 1
    assert f"{words[0]} cannot be given with a saved plan" in project.err


def test_what_was_asked_for_is_applied(project: Project, emulator: RunningEmulator) -> None:
    project.change(END, END + SECOND)
    assert project.run("plan", "--only", "second", "--out", "one.plan") == 0
    assert project.run("apply", "one.plan") == 0, project.err
    assert launches(emulator) == 1


def test_a_plan_that_runs_a_job_again_does_so_once(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    assert project.run("plan", "--relaunch", "subset", "--out", "again.plan") == 0
    assert project.run("apply", "again.plan") == 0, project.err
    assert project.run("apply", "again.plan") == 0, project.err
    assert launches(emulator) == 2


def test_files_that_are_no_plan(project: Project, plan: str) -> None:
    assert project.run("apply", "nowhere.plan") == 1
    assert "nowhere.plan" in project.err
    assert project.run("plan", "--format", "json") == 0
    Path("plan.json").write_text(project.out, encoding="utf-8")
    assert project.run("apply", "plan.json") == 1
    assert "`eocanvas-apply plan --out FILE` writes one" in project.err
    assert project.run("plan", "--offline", "--out", "offline.plan") == 1
    assert project.run("plan", "--out", "no/such/folder.plan") == 1
    assert "cannot be written" in project.err
    assert not list(project.folder.glob("*.part"))


def test_a_plan_is_shown_without_manifest_and_service(project: Project, plan: str) -> None:
    shown = project.out
    project.manifest.unlink()
    assert show(project, plan) == shown
    assert json.loads(show(project, plan, "--format", "json"))["summary"]["launch"] == 1
    report = json.loads(show(project, plan, "--format", "gitlab-terraform"))
    assert report == {"create": 2, "update": 0, "delete": 0}
    assert show(project, plan, "--format", "markdown").startswith("<!-- eocanvas-apply plan coast -->\n")
    assert show(project, plan, "--format", "html").startswith("<!doctype html>")


def test_a_limit_holds_for_the_plan_however_often_it_is_applied(project: Project, emulator: RunningEmulator) -> None:
    project.manifest.write_text(project.manifest.read_text("utf-8") + SECOND, encoding="utf-8")
    assert project.run("plan", "--limit", "1", "--out", "review.plan") == 0, project.err
    assert project.run("apply", "review.plan", "--no-wait") == 3, project.err
    assert launches(emulator) == 1
    # It watches the job that it has launched to its end, and launches no other.
    assert project.run("apply", "review.plan") == 3, project.err
    assert project.run("apply", "review.plan") == 3, project.err
    assert launches(emulator) == 1
    assert len(project.json("results")["results"]) == 1


@pytest.mark.parametrize("file", ["eocanvas.yaml", "subset.xml", ".eocanvas/default.jsonl"])
def test_a_plan_or_metrics_replace_no_file_of_another_kind(project: Project, file: str) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    before = Path(file).read_bytes()
    assert project.run("plan", "--out", file) == 1
    assert f"{file}: the plan cannot be written: a file of another kind is there" in project.err
    assert project.run("status", "--metrics", file) == 0
    assert "metrics-unwritable" in project.err
    assert Path(file).read_bytes() == before


def test_a_plan_that_apply_refuses_says_so_where_it_is_saved(project: Project) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    project.manifest.write_text("version: 1\nproject: coast\n", encoding="utf-8")
    assert project.run("plan", "--out", "review.plan") == 0
    assert "saved in review.plan; apply refuses it as it is" in project.err
    assert project.run("apply", "review.plan") == 5
    assert project.run("plan", "--allow-empty", "--out", "review.plan") == 0
    assert "`eocanvas-apply apply review.plan` carries it out" in project.err
