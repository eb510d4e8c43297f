"""A policy outside of the manifest: its rules refuse with exit 5, and nothing that breaks them is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project, searches

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
    "shared": "false",
    "existing_keys": "[group-*]",
    "licences": "[]",
    "hosts": "['*.example.org']",
    "datasets": "['EO:EUM:*']",
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
    "shared": "false",
    "existing_keys": "[]",
    "licences": "[]",
    "hosts": "[]",
    "datasets": "[]",
    "locked_codes": "['*']",
}
# What a manifest needs for a rule to be broken.
ADDED = {
    "locked_codes": ("jobs:", "checks: {placeholder-open: info}\njobs:"),
    "shared": ("type: s3\n", "type: s3\n    shared: true\n"),
    "existing_keys": ("jobs:", "  other: {type: existing, name: eodata, storage: s3}\njobs:"),
    "licences": ("output:", "accept_terms: [Copernicus]\n    output:"),
    "hosts": ("{key: scenes, path: /a.zip,", "{url: 'https://data.example.com/a.zip',"),
    "datasets": ("{key: scenes, path: /a.zip,", "{product: A, dataset_id: 'EO:ESA:X',"),
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
    if rule in ADDED:
        project.change(*ADDED[rule])
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


def test_status_names_no_flag_where_the_policy_refuses(project: Project, policy: Path) -> None:
    written(policy, launches_per_run="0")
    assert project.run("status", "--policy", str(policy)) == 0
    assert f"the policy refuses this: eocanvas-apply plan --policy {policy} names the rule" in project.out
    assert "flag" not in project.out.replace(str(policy), "")


def test_doctor_shows_once_what_the_policy_refuses(project: Project, policy: Path) -> None:
    written(policy, buckets="[other-*]")
    assert project.run("doctor", "--policy", str(policy)) == 1
    assert [line[:2] for line in project.out.splitlines() if "policy rule `buckets`" in line] == ["!!"]


def test_launches_of_all_runs_count(project: Project, policy: Path) -> None:
    assert project.run("apply", "--yes") == 0
    written(policy, launches_in_all="1")
    assert project.run("apply", "--yes", "--relaunch", "subset", "--policy", str(policy)) == 5
    assert "launches so far: 1, launches of this run: 1" in project.err


@pytest.mark.parametrize("rules", [{"launches_in_all": "2"}, {"launches_per_run": "2"}])
def test_retries_go_no_further_than_the_policy(
    project: Project, policy: Path, emulator: RunningEmulator, rules: dict[str, str]
) -> None:
    project.change("    output:", "    retries: 5\n    output:")
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*", 6))
    written(policy, **rules)
    assert project.run("apply", "--yes", "--policy", str(policy)) == 3, project.err
    with emulator.model() as wire:
        assert sum(received.request.path.endswith("/execution") for received in wire.received) == 2


def test_destroy_is_limited_too(project: Project, policy: Path) -> None:
    assert project.run("apply", "--yes") == 0
    written(policy, deletes_per_run="0")
    assert project.run("destroy", "--yes", "--policy", str(policy)) == 5
    assert "policy rule `deletes_per_run`" in project.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "--policy: there is no file"),
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
    assert "--policy names no file" in project.err


def test_a_missing_policy_is_looked_for_in_the_working_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("EOCANVAS_APPLY_POLICY", "limits.yaml")
    assert project.run("validate") == 1
    assert f"EOCANVAS_APPLY_POLICY: there is no file 'limits.yaml' in {project.folder}" in project.err
    assert "relative to the file they stand in" not in project.err


ROWS = """\
version: 1
project: coast
checks: {placeholder-open: warning}
jobs:
  addresses:
    graph: subset.xml
    for_each: {list: [{id: a, at: "https://data.example.org/a.nc"}, {id: b, at: "https://evil.example/b.nc?sig=x"}]}
    inputs: {img1: {url: "${each.at}"}}
  products:
    graph: subset.xml
    for_each: {list: [{id: A, set: "EO:EUM:X"}, {id: B, set: "EO:ESA:X"}, {id: C, set: "EO:ESA:Y"}]}
    inputs: {img1: {product: "${each.id}", dataset_id: "${each.set}"}}
  folders:
    graph: subset.xml
    for_each: {list: [{id: a, to: results/a}, {id: b, to: results/../graphs}]}
    inputs: {img1: {url: "https://data.example.org/a.nc"}}
    output: {download: "${each.to}"}
"""


def test_every_row_is_held_to_the_rules(project: Project, policy: Path) -> None:
    project.manifest.write_text(ROWS, encoding="utf-8")
    rules = {"hosts": "[data.example.org]", "datasets": "['EO:EUM:*']"}
    written(policy, **rules, downloads="[results]")
    found = project.json("validate", "--policy", str(policy), code=5)["diagnostics"]
    assert [each["message"].removeprefix("policy rule ") for each in found if each["code"] == "policy"] == [
        "`hosts`: the address 'https://evil.example/b.nc' is not allowed (in the row b)",
        "`datasets`: the dataset 'EO:ESA:X' is not allowed (in 2 rows, first B)",
        "`downloads`: results may not go to 'results/../graphs' (in the row b)",
    ]


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("{dataset_id: 'EO:ESA:X'}", "a search in the dataset 'EO:ESA:X' is not allowed"),
        ("{dataset_id: 'EO:EUM:X', datasetId: 'EO:ESA:X'}", "a search in the dataset 'EO:ESA:X' is not allowed"),
        ("{dataset_id: ['EO:EUM:X']}", "a search in the dataset ['EO:EUM:X'] is not allowed"),
        ("{bbox: [1, 2, 3, 4]}", "this search names no dataset"),
    ],
)
def test_a_search_in_another_dataset_is_refused(project: Project, policy: Path, search: str, words: str) -> None:
    project.change("    graph:", f"    for_each: {{hda: {search}}}\n    graph:")
    written(policy, datasets="['EO:EUM:*']")
    assert project.run("validate", "--policy", str(policy)) == 5
    assert f"policy rule `datasets`: {words}" in project.err


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("path: /a.zip", "path: /../other/a.zip", "can lead out of what its key opens"),
        ("path: /a.zip", "path: /%2E%2e/other/a.zip", "can lead out of what its key opens"),
        ("jobs:", "  theirs: {type: existing, name: theirs, storage: s3}\njobs:", "existing key 'theirs' opens"),
    ],
)
def test_no_way_leads_round_the_buckets(project: Project, policy: Path, before: str, after: str, words: str) -> None:
    project.change(before, after)
    written(policy, buckets="[scenes]")
    assert project.run("validate", "--policy", str(policy)) == 5
    assert "policy rule `buckets`" in project.err
    assert words in project.err


def test_no_path_leads_round_the_endpoints(project: Project, policy: Path) -> None:
    project.change("path: /a.zip", 'path: "${each.path}"')
    project.change(
        "    graph:", "    for_each: {list: [{id: a, path: /a.zip}, {id: b, path: /../jane/b.zip}]}\n    graph:"
    )
    written(policy, endpoints="['https://s3.example.org']")
    assert project.run("validate", "--policy", str(policy)) == 5
    assert "policy rule `endpoints`: the path '/../jane/b.zip' can lead out" in project.err
    assert "(in the row b)" in project.err


FAULTS = """\
version: 1
launches_per_run: -1
deletes_per_run: 2.5
expires_in: 7
buckets: group-*
shared: maybe
secrets: [env, vault]
environment: [A, 3]
locked_codes: [storage_not-*]
"""


def test_all_faults_of_a_policy_are_in_plain_words(project: Project, policy: Path) -> None:
    policy.write_text(FAULTS, encoding="utf-8")
    document = project.json("validate", "--policy", str(policy), code=1)
    assert [(each["line"], each["message"]) for each in document["diagnostics"]] == [
        (2, "`launches_per_run` must be 0 or more"),
        (3, "`deletes_per_run` must be a whole number"),
        (4, "`expires_in`: a duration is a number with its unit, such as 30s, 15m or 7d"),
        (5, "`buckets` must be a list"),
        (6, "`shared` must be true or false"),
        (7, "`secrets.1` must be env, file, command, keyring or sops"),
        (8, "`environment.1` must be text"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("locked_codes: [storage_not-*]", "no diagnostic code is like 'storage_not-*'"),
        ("endpoints: [s3.example.org]", "write https://s3.example.org"),
        ("hosts: ['https://data.example.org']", "write the host alone"),
        ("accounts: [no]", "yaml-1-1"),
    ],
)
def test_a_pattern_that_can_stand_for_nothing_is_an_error(
    project: Project, policy: Path, line: str, words: str
) -> None:
    policy.write_text(f"version: 1\n{line}\n", encoding="utf-8")
    assert project.run("validate", "--policy", str(policy)) == 1
    assert words in project.err
    assert f"{policy}:2" in project.err


def test_what_only_files_show_keeps_secrets_and_searches_back_too(
    project: Project, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCENES_SECRET_KEY")
    written(policy, reads="[graphs]")
    assert project.run("plan", "--policy", str(policy)) == 0
    assert "policy rule `reads`" in project.err
    assert "SCENES_SECRET_KEY" not in project.err


def test_a_lock_is_not_written_for_a_search_that_is_refused(
    project: Project, policy: Path, emulator: RunningEmulator
) -> None:
    project.change("    graph:", "    for_each: {hda: {dataset_id: 'EO:ESA:X'}}\n    graph:")
    written(policy, datasets="['EO:EUM:*']")
    assert project.run("lock", "--policy", str(policy)) == 5
    assert "policy rule `datasets`: a search in the dataset 'EO:ESA:X' is not allowed" in project.err
    assert not (project.folder / "eocanvas.lock").exists()
    assert searches(emulator) == 0


def test_results_are_not_fetched_into_a_folder_that_is_refused(project: Project, policy: Path) -> None:
    assert project.run("apply", "--yes", "--no-fetch") == 0, project.err
    written(policy, downloads="[safe]")
    assert project.run("results", "--fetch", "--policy", str(policy)) == 5
    assert not (project.folder / "results").exists()


def test_the_manifest_names_no_policy(project: Project) -> None:
    project.change("jobs:", "policy: mine.yaml\njobs:")
    assert project.run("validate") == 1
    assert "unknown-field" in project.err
