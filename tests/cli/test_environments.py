"""Each environment has keys, jobs and a ledger of its own, on one command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import MANIFEST, Project

ENVIRONMENTS = """\
environments:
  test:
    project: coast-test
    jobs:
      subset:
        output: {download: results-test}
  twin: {}
  guarded:
    account: joe
"""


@pytest.fixture(autouse=True)
def _environments(project: Project) -> None:
    project.manifest.write_text(MANIFEST + ENVIRONMENTS, encoding="utf-8")


def ledgers(project: Project) -> set[str]:
    return {path.stem for path in (project.folder / ".eocanvas").glob("*.jsonl")}


def opened(project: Project, name: str) -> dict[str, str]:
    line = (project.folder / ".eocanvas" / f"{name}.jsonl").read_text(encoding="utf-8").partition("\n")[0]
    found: dict[str, str] = json.loads(line)
    return found


def jobs(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return len(list(wire.service.jobs.every()))


def codes(project: Project, *words: str, code: int = 1) -> list[str]:
    return [each["code"] for each in project.json(*words, code=code)["diagnostics"]]


def test_environments_are_applied_beside_each_other(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    assert project.run("apply", "--yes", "--env", "test") == 0, project.err
    assert ledgers(project) == {"default", "test"}
    assert jobs(emulator) == 2
    assert "environment" not in opened(project, "default")
    assert (opened(project, "test")["project"], opened(project, "test")["environment"]) == ("coast-test", "test")
    assert (project.folder / "results-test").is_dir()
    # Neither plan sees the keys and jobs of the other.
    for environment in ([], ["--env", "test"]):
        assert project.run("plan", "--detailed-exitcode", *environment) == 0, project.out


def test_commands_of_the_record_read_the_ledger_of_the_environment(project: Project) -> None:
    assert project.run("apply", "--yes", "--env", "test") == 0, project.err
    for words in (["status", "--offline"], ["results"], ["ledger", "show"], ["why", "subset"], ["status"]):
        assert project.run(*words, "--env", "test") == 0, project.err
    assert project.run("ledger", "show") == 1
    rows = project.json("results", "--env", "test")["results"]
    assert [Path(row["file"]).parts[0] for row in rows] == ["results-test"]
    assert project.json("results")["results"] == []
    assert project.run("plan", "--offline", "--detailed-exitcode", "--env", "test") == 0, project.out
    assert project.run("forget", "subset", "--env", "test") == 0, project.err


@pytest.mark.parametrize(
    "words",
    [["validate"], ["plan"], ["plan", "--offline"], ["status", "--offline"], ["results"], ["ledger", "show"], ["deps"]],
    ids=" ".join,
)
def test_an_environment_that_does_not_exist_is_an_error_of_every_command(project: Project, words: list[str]) -> None:
    assert codes(project, *words, "--env", "tset") == ["unknown-environment"]
    assert project.run(*words, "--env", "tset") == 1
    assert "eocanvas.yaml:17:1: error: this manifest has no environment `tset`" in project.err
    assert "did you mean test?" in project.err


@pytest.mark.parametrize("name", ["../default", "", "Test", "a" * 41])
def test_a_name_that_no_environment_can_have_is_a_usage_error(project: Project, name: str) -> None:
    assert codes(project, "status", "--offline", f"--env={name}") == ["usage"]


def test_one_environment_holds(project: Project) -> None:
    assert project.run("validate", "--env", "test", "--env", "twin") == 1
    assert "--env is given twice; only one environment holds" in project.err


def test_the_account_is_guarded_in_each_environment(project: Project) -> None:
    assert codes(project, "plan", "--env", "guarded") == ["wrong-account"]
    assert project.run("plan", "--env", "guarded") == 1
    assert "eocanvas.yaml:25:14: error" in project.err
    assert project.run("plan", "--env", "test") == 0


def test_the_ledger_of_one_environment_is_refused_by_another(project: Project) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    ledger = str(project.folder / ".eocanvas/default.jsonl")
    for words in (["plan"], ["plan", "--offline"]):
        assert codes(project, *words, "--env", "twin", "--ledger", ledger) == ["ledger-bound"]
    assert project.run("plan", "--env", "twin", "--ledger", ledger) == 1
    assert "belongs to the environment 'default', not to 'twin'" in project.err


def test_a_second_environment_of_one_project_and_account_says_how_to_keep_them_apart(project: Project) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    assert codes(project, "apply", "--yes", "--env", "twin", code=5) == ["ledger-missing"]
    assert project.run("apply", "--yes", "--env", "twin") == 5
    assert "give this one a project of its own: environments.twin.project" in project.err


def test_a_saved_plan_holds_for_its_environment_only(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    assert project.run("plan", "--env", "test", "--out", "review.plan") == 0, project.err
    assert "`eocanvas-apply apply --env test review.plan` carries it out" in project.err
    assert project.run("apply", "review.plan") == 6
    assert "the plan is for the environment test" in project.err
    assert "name it: --env test" in project.err
    assert project.run("apply", "review.plan", "--env", "twin") == 6
    assert "the plan is for the environment test" in project.err
    assert project.run("plan", "--env", "test") == 0
    assert project.out.startswith("coast-test, environment test, at ")
    assert project.json("plan", "--env", "test")["environment"] == "test"
    assert project.run("apply", "review.plan", "--env", "test") == 0, project.err
    assert project.run("apply", "--continue", "--env", "test") == 0, project.err


def test_an_environment_may_leave_out_a_job(project: Project) -> None:
    second = MANIFEST.partition("jobs:\n")[2].replace("subset:", "second:").replace("download: results", "download: b")
    text = f"{MANIFEST}{second}environments:\n  dev: {{project: coast-dev}}\n"
    project.manifest.write_text(text, encoding="utf-8")
    assert project.run("apply", "--yes", "--env", "dev", "--no-wait") == 3, project.err
    project.change("{project: coast-dev}", "{project: coast-dev, jobs: {second: null}}")
    found = {each["address"]: each["action"] for each in project.json("plan", "--env", "dev")["actions"]}
    assert found["job.second"] == "forget"
    assert "job.subset" in found
    assert {each["address"] for each in project.json("plan")["actions"]} == {"key.scenes", "job.subset", "job.second"}
