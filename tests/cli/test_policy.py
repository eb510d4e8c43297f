"""A policy outside of the manifest: its rules refuse with exit 5, and nothing that breaks them is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Project

BROKEN = {
    "launches_per_run": "0",
    "launches_in_all": "0",
    "expires_in": "1d",
    "buckets": "[other-*]",
    "endpoints": "['https://*.cloudferro.com']",
    "environment": "[OTHER_*]",
    "secrets": "[file]",
    "downloads": "[results/none]",
    "reads": "[graphs]",
    "processes": "[dataTailor]",
    "accounts": "[other]",
    "locked_codes": "['placeholder-*']",
}
KEPT = {
    "launches_per_run": "1",
    "launches_in_all": "1",
    "deletes_per_run": "0",
    "expires_in": "7d",
    "buckets": "[scen*]",
    "endpoints": "['https://s3.example.org']",
    "environment": "[SCENES_*]",
    "secrets": "[env]",
    "downloads": "[results]",
    "reads": "['*.xml']",
    "processes": "[snap-function]",
    "accounts": "['*']",
    "locked_codes": "['*']",
}
OF_PLANS = ("launches_per_run", "launches_in_all", "accounts")


@pytest.fixture(name="policy")
def _policy(project: Project) -> Path:
    return project.folder.parent / f"{project.folder.name}.policy.yaml"


def written(policy: Path, **rules: str) -> None:
    text = "version: 1\n" + "".join(f"{rule}: {value}\n" for rule, value in rules.items())
    policy.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_refused_and_named(project: Project, policy: Path, rule: str) -> None:
    if rule == "locked_codes":
        project.change("jobs:", "checks: {placeholder-open: info}\njobs:")
    written(policy, **{rule: BROKEN[rule]})
    assert project.run("apply", "--yes", "--policy", str(policy)) == 5
    assert f"policy rule `{rule}`" in project.err
    assert f"{policy}:2" in project.err
    assert not (project.folder / ".eocanvas").exists()
    assert project.run("plan", "--policy", str(policy)) == 0
    assert f"warning: policy rule `{rule}`" in project.err
    assert project.run("validate", "--policy", str(policy)) == (0 if rule in OF_PLANS else 5)
    assert project.run("plan", "--offline", "--policy", str(policy)) == 0
    assert (f"policy rule `{rule}`" in project.err) == (rule != "accounts")


def test_what_keeps_every_rule_runs(project: Project, policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(policy, **KEPT)
    monkeypatch.setenv("EOCANVAS_APPLY_POLICY", str(policy))
    assert project.run("validate") == 0, project.err
    assert project.run("apply", "--yes") == 0, project.err


def test_no_launch_at_all_has_no_limit_to_advise(project: Project, policy: Path) -> None:
    written(policy, launches_per_run="0")
    assert project.run("plan", "--policy", str(policy)) == 0
    assert "launches of this run: 1 [policy]" in project.err
    assert "--limit" not in project.err


def test_launches_of_all_runs_count(project: Project, policy: Path) -> None:
    assert project.run("apply", "--yes") == 0
    written(policy, launches_in_all="1")
    assert project.run("apply", "--yes", "--relaunch", "subset", "--policy", str(policy)) == 5
    assert "launches so far: 1, launches of this run: 1" in project.err


def test_destroy_is_limited_too(project: Project, policy: Path) -> None:
    assert project.run("apply", "--yes") == 0
    written(policy, deletes_per_run="0")
    assert project.run("destroy", "--yes", "--policy", str(policy)) == 5
    assert "policy rule `deletes_per_run`" in project.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no file"),
        ("version: 1\nbucket: [a]\n", "did you mean buckets"),
        ("version: 1\nlaunches_per_run: many\n", "policy.yaml:2"),
        ("version: 2\n", "policy.yaml:1"),
        ("", "a policy is a mapping"),
        ("version: 1\nbuckets:\n", "the rule `buckets` is empty"),
        ("version: 1\nbuckets: [a\n", "yaml"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_policy_that_cannot_be_read_stops_everything(
    project: Project, policy: Path, text: str | None, words: str, command: str
) -> None:
    if text is not None:
        policy.write_text(text, encoding="utf-8")
    assert project.run(command, *(["--yes"] if command == "apply" else []), "--policy", str(policy)) == 1
    assert words in project.err


def test_an_option_without_a_path_is_no_absent_policy(project: Project) -> None:
    assert project.run("validate", "--policy", "") == 1
    assert "is a folder, not a file" in project.err


def test_the_manifest_names_no_policy(project: Project) -> None:
    project.change("jobs:", "policy: mine.yaml\njobs:")
    assert project.run("validate") == 1
    assert "unknown-field" in project.err
