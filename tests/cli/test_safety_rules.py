"""Each safety rule from end to end: what it refuses, what that leaves as it was, and what lets it go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.engine import opening
from eocanvas_apply.vocabulary import ALLOWANCES
from tests.cli.conftest import Project
from tests.cli.made_by_hand import hand_made_key
from tests.ledger.kinds import KINDS

ROWS = ", ".join(f"r{number:02}" for number in range(11))
KEY = "  {}: {{type: s3-public, bucket: {}, region: r, endpoint: 'https://s3.example.org', keep: true}}\n"
KEYS = "".join(KEY.format(f"k{number}", f"b{number}") for number in range(4))
HEAD = "version: 1\nproject: coast\n"
TILES = f"""\
  tiles:
    graph: subset.xml
    params: {{aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}}
    for_each: {{list: [{ROWS}]}}
    inputs: {{img1: {{url: "https://data.example.org/a/${{each.value}}.nc"}}}}
    output: {{download: results/tiles}}
"""
OTHER = TILES.replace("tiles", "other").replace(f"[{ROWS}]", "[r00]")
NORTH = "environments: {north: {project: coast-north}}\n"
MANIFEST = f"{HEAD}keys:\n{KEYS}jobs:\n{TILES}{NORTH}"

Change = Callable[[Project], object]


@dataclass(frozen=True)
class Rule:
    """`change` is what the rule refuses after an apply, or on a machine that never applied anything."""

    code: str
    words: str
    flags: tuple[str, ...]
    change: Change
    applied: bool = True


def edit(before: str, after: str) -> Change:
    return lambda project: project.change(before, after)


def remove_ledger(project: Project) -> None:
    (project.folder / ".eocanvas/default.jsonl").unlink()


RULES = {
    rule.code: rule
    for rule in (
        Rule(
            "too-many-deletes",
            "3 of 4 recorded keys would be deleted",
            ("--allow-deletes",),
            edit(KEYS, KEY.format("k0", "b0")),
        ),
        Rule(
            "too-many-relaunches",
            "11 jobs would be run again, which costs 11 units of quota",
            ("--allow-relaunches",),
            edit("example.org/a/", "example.org/b/"),
        ),
        Rule(
            "too-many-forgets",
            "11 of 11 recorded jobs would be forgotten",
            ("--allow-forgets",),
            edit(TILES, OTHER),
        ),
        Rule(
            "empty-manifest",
            "the manifest declares nothing, and 15 keys and jobs are on record",
            ("--allow-empty", "--allow-deletes", "--allow-forgets"),
            edit(MANIFEST.partition("keys:")[2], " {}\n"),
        ),
        Rule(
            "protected",
            "key.k0: protected, and the plan is to replace (config-changed)",
            ("--allow-protected", "key.k0"),
            edit("bucket: b0", "bucket: other"),
        ),
        Rule(
            "ledger-missing",
            "the account already shows 4 keys of 'coast'",
            ("--allow-new-ledger",),
            remove_ledger,
        ),
        Rule(
            "ledger-not-kept",
            "a ledger in a local file is gone after the run",
            ("--allow-new-ledger",),
            lambda _: None,
            applied=False,
        ),
    )
}


@pytest.fixture(autouse=True)
def _here(campaign: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(campaign.folder)


def prepare(rule: Rule, project: Project, patch: pytest.MonkeyPatch, *words: str) -> None:
    """Bring about what the rule refuses; what it protects has lost its line by then."""
    if rule.code == "ledger-not-kept":
        patch.setenv("CI", "true")
        patch.setattr(opening, "is_loopback", lambda _: False)
    if rule.code == "protected":
        project.change(HEAD, f"{HEAD}protect: [key.k0]\n")
    if rule.applied:
        assert project.run("apply", "--yes", *words) == 0, project.err
    if rule.code == "protected":
        project.change("protect: [key.k0]\n", "")
    rule.change(project)


def sent(emulator: RunningEmulator) -> list[str]:
    """What was asked of the service that is no question."""
    with emulator.model() as wire:
        asked = [each.request for each in wire.received]
    return [f"{each.method} {each.path}" for each in asked if each.method != "GET" and "gettoken" not in each.path]


def recorded(project: Project) -> bytes | None:
    ledger = project.folder / ".eocanvas/default.jsonl"
    return ledger.read_bytes() if ledger.exists() else None


def found(project: Project, *words: str, code: int, severity: str = "error") -> list[tuple[str, str, str]]:
    document: dict[str, Any] = project.json(*words, code=code)
    return [(d["code"], d["message"], d["hint"]) for d in document["diagnostics"] if d["severity"] == severity]


def expect_refusal(rule: Rule, said: Sequence[tuple[str, str, str]]) -> None:
    message, hint = {code: (message, hint) for code, message, hint in said}[rule.code]
    assert rule.words in message
    assert f"apply refuses this unless {' '.join(rule.flags[: 1 + (rule.code == 'protected')])} is given" in hint


def others(rule: Rule) -> list[str]:
    """Every flag but the ones of a rule, and the protection of everything else lifted."""
    flags = [f"--{flag}" for flag in ALLOWANCES if f"--{flag}" not in rule.flags]
    return [*flags, "--allow-protected", "key.k1", "--allow-protected", "job.*"]


@pytest.mark.parametrize("code", RULES)
def test_a_rule_refuses_with_its_numbers_and_its_flag_and_changes_nothing(
    code: str, campaign: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = RULES[code]
    prepare(rule, campaign, monkeypatch)
    before = recorded(campaign), sent(emulator)
    expect_refusal(rule, found(campaign, "plan", code=0, severity="warning"))
    expect_refusal(rule, found(campaign, "apply", "--yes", code=5))
    # A question would come later: nobody is asked to confirm what is refused anyway.
    expect_refusal(rule, found(campaign, "apply", code=5))
    expect_refusal(rule, found(campaign, "apply", "--yes", *others(rule), code=5))
    assert campaign.run("plan", "--out", "without.plan") == 0
    expect_refusal(rule, found(campaign, "apply", "without.plan", code=5))
    assert (recorded(campaign), sent(emulator)) == before


@pytest.mark.parametrize("code", RULES)
@pytest.mark.parametrize("saved", [True, False], ids=["saved", "given"])
def test_with_its_flag_a_plan_goes_on_and_a_saved_one_carries_it(
    code: str, saved: bool, campaign: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = RULES[code]
    prepare(rule, campaign, monkeypatch)
    before = len(sent(emulator))
    assert rule.code not in {c for c, _, _ in found(campaign, "plan", *rule.flags, code=0, severity="warning")}
    if saved:
        assert campaign.run("plan", "--out", "with.plan", *rule.flags) == 0
        assert campaign.run("apply", "with.plan", *rule.flags[:1], *rule.flags[1:]) == 1
        assert "give it to `plan --out`" in campaign.err
    words = ["with.plan"] if saved else ["--yes", *rule.flags]
    assert campaign.run("apply", *words) == 0, campaign.err
    assert len(sent(emulator)) > before or rule.code == "too-many-forgets"
    # What it did not need to be told twice: the next one has nothing to do.
    assert campaign.run("apply", "--continue") == 0, campaign.err


@pytest.mark.parametrize(
    ("kind", "environment"),
    [("local", "north"), ("postgres", None), ("postgres", "north"), ("object-store", None), ("object-store", "north")],
)
def test_the_rules_hold_on_every_ledger_and_in_every_environment(
    kind: str,
    environment: str | None,
    campaign: Project,
    emulator: RunningEmulator,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = KINDS[kind].address(request)
    words = ["--ledger", address, *(["--env", environment] if environment else [])]
    campaign.change(HEAD, f"{HEAD}protect: [key.k0]\n")
    assert campaign.run("apply", "--yes", *words) == 0, campaign.err
    before = asyncio.run(KINDS[kind].open(address).read()), sent(emulator)
    campaign.change("protect: [key.k0]\n", "")
    campaign.change(KEYS, KEY.format("k1", "b1"))
    campaign.change(TILES, OTHER)
    for asked in (["apply", "--yes"], ["destroy", "--yes"]):
        codes = {code for code, _, _ in found(campaign, *asked, *words, code=5)}
        assert codes == {"protected"} | ({"too-many-deletes", "too-many-forgets"} if asked[0] == "apply" else set())
    assert (asyncio.run(KINDS[kind].open(address).read()), sent(emulator)) == before
    flags = ["--allow-deletes", "--allow-forgets", "--allow-protected", "key.k0"]
    assert campaign.run("plan", "--out", "x.plan", *flags, *words) == 0, campaign.err
    assert campaign.run("apply", "x.plan", *words) == 0, campaign.err
    fresh = ["--ledger", KINDS[kind].address(request) if kind != "local" else "fresh.jsonl", *words[2:]]
    assert [code for code, _, _ in found(campaign, "apply", "--yes", *fresh, code=5)] == ["ledger-missing"]
    # A shared ledger is kept, whatever the machine.
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(opening, "is_loopback", lambda _: False)
    kept = [code for code, _, _ in found(campaign, "plan", *fresh, code=0, severity="warning")]
    assert kept == ["ledger-missing"]


def test_ci_refuses_a_new_local_ledger_only(campaign: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert campaign.run("apply", "--yes") == 0, campaign.err
    prepare(RULES["ledger-not-kept"], campaign, monkeypatch)
    campaign.change(TILES, TILES + OTHER)
    assert campaign.run("apply", "--yes") == 0, campaign.err


def test_a_schedule_goes_on_with_what_a_reviewed_plan_was_allowed(campaign: Project) -> None:
    campaign.change("    for_each:", "    canary: 1\n    for_each:")
    campaign.change(HEAD, f"{HEAD}protect: [job.tiles]\n")
    assert campaign.run("apply", "--yes") == 0, campaign.err
    campaign.change("example.org/a/", "example.org/b/")
    flags = ["--allow-relaunches", "--allow-protected", "job.tiles"]
    assert campaign.run("plan", "--out", "again.plan", *flags) == 0
    assert campaign.run("apply", "again.plan", "--no-wait") == 3, campaign.err
    time.sleep(0.5)
    # Ten wait for the first one, which succeeded; nobody is there who could give a flag.
    assert campaign.run("apply", "--continue") == 0, campaign.err
    assert campaign.run("plan", "--detailed-exitcode") == 0
    # What a run asks for by itself was in no plan.
    assert [c for c, _, _ in found(campaign, "apply", "--continue", "--relaunch", "tiles", code=5)] == [
        "too-many-relaunches",
        "protected",
    ]


def test_what_was_allowed_for_a_part_is_not_allowed_for_the_rest(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0, campaign.err
    campaign.change("example.org/a/", "example.org/b/")
    assert campaign.run("apply", "--yes", "--only", "tiles/r00", "--allow-relaunches") == 0, campaign.err
    campaign.change(ROWS, f"{ROWS}, r11")
    assert campaign.run("apply", "--yes") == 0, campaign.err
    campaign.change("example.org/b/", "example.org/c/")
    assert campaign.run("apply", "--yes", "--only", "tiles/r00", "--allow-relaunches") == 0, campaign.err
    assert [code for code, _, _ in found(campaign, "apply", "--continue", code=5)] == ["too-many-relaunches"]


def test_a_rename_with_its_lines_loses_nothing(campaign: Project, emulator: RunningEmulator) -> None:
    campaign.change(HEAD, f"{HEAD}protect: [key.k0, job.tiles]\n")
    assert campaign.run("apply", "--yes") == 0, campaign.err
    before = sent(emulator)
    campaign.change("protect: [key.k0, job.tiles]\n", "")
    campaign.change("  tiles:", "  squares:")
    for number in range(4):
        campaign.change(f"  k{number}:", f"  other{number}:")
    losses = {"too-many-deletes", "too-many-forgets", "protected"}
    said = found(campaign, "apply", "--yes", code=5)
    assert {code for code, _, _ in said} == losses
    assert all(hint.startswith("what has only a new name is kept") for code, _, hint in said if code in losses)
    keys = "".join(f"  - {{from: key.k{number}, to: key.other{number}}}\n" for number in range(4))
    campaign.change(NORTH, f"{NORTH}moved:\n  - {{from: job.tiles, to: job.squares}}\n{keys}")
    assert campaign.run("apply", "--yes") == 0, campaign.err
    assert sent(emulator) == before
    campaign.change("bucket: b0", "bucket: other")
    assert [code for code, _, _ in found(campaign, "apply", "--yes", code=5)] == ["protected"]


def test_a_protection_is_recorded_and_ended_as_the_message_says(campaign: Project) -> None:
    campaign.change(HEAD, f"{HEAD}protect: ['key.k*']\n")
    assert campaign.run("apply", "--yes") == 0, campaign.err
    campaign.change("protect: ['key.k*']\n", "")
    campaign.change("bucket: b0", "bucket: other")
    [(_, _, hint)] = found(campaign, "apply", "--yes", code=5)
    assert "only the ledger protects it; --allow-protected 'key.k*' ends that" in hint
    assert campaign.run("apply", "--yes", "--allow-protected", "key.k0") == 0, campaign.err
    campaign.change("bucket: b1", "bucket: other1")
    assert [code for code, _, _ in found(campaign, "apply", "--yes", code=5)] == ["protected"]
    assert campaign.run("apply", "--yes", "--allow-protected", "key.k*") == 0, campaign.err
    campaign.change("bucket: b2", "bucket: other2")
    assert campaign.run("apply", "--yes") == 0, campaign.err
    assert campaign.run("ledger", "show") == 0
    shown = [line.split("  ")[-1] for line in campaign.out.splitlines() if "  protected " in line]
    assert shown == ["protected pattern=key.k*", "protected pattern=key.k* lifted=yes"]
    assert "plan-accepted allowed=" not in campaign.out
    assert "plan-accepted unprotected=key.k*" in campaign.out


def test_an_error_beside_a_refusal_is_shown_too_and_weighs_more(
    campaign: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert campaign.run("apply", "--yes") == 0, campaign.err
    before = recorded(campaign), sent(emulator)
    drive = "  drive: {type: wekeo-drive, username: jane, password: {env: DRIVE}, keep: true}\n"
    campaign.change(KEYS, KEY.format("k0", "b0") + drive)
    said = {code for code, _, _ in found(campaign, "apply", "--yes", code=1)}
    assert said == {"secret-unset", "too-many-deletes"}
    monkeypatch.setenv("DRIVE", "canary-drive")
    assert [code for code, _, _ in found(campaign, "apply", "--yes", code=5)] == ["too-many-deletes"]
    hand_made_key(emulator, "theirs")
    campaign.change(drive, drive.replace("{type", "{name: theirs, type"))
    said = {code for code, _, _ in found(campaign, "apply", "--yes", code=1)}
    assert said == {"key-name-taken", "too-many-deletes"}
    assert (recorded(campaign), sent(emulator)) == before


def test_a_manifest_for_another_account_is_an_error_before_anything_is_sent(
    campaign: Project, emulator: RunningEmulator
) -> None:
    campaign.change(HEAD, f"{HEAD}account: somebody-else\n")
    with emulator.model() as wire:
        before = len(wire.received)
    for command in (["plan"], ["apply", "--yes", "--allow-new-ledger"], ["destroy", "--yes"], ["status"]):
        assert [code for code, _, _ in found(campaign, *command, code=1)] == ["wrong-account"]
    with emulator.model() as wire:
        assert len(wire.received) == before
    assert not Path(".eocanvas").exists()


def test_nothing_to_do_asks_nothing(campaign: Project) -> None:
    assert campaign.run("apply") == 5
    assert "add --yes" in campaign.err
    assert not Path(".eocanvas/default.jsonl").exists()
    assert campaign.run("apply", "--yes") == 0, campaign.err
    assert campaign.run("apply") == 0
    assert "confirm" not in campaign.err
    assert campaign.run("destroy") == 5
    assert campaign.run("destroy", "--yes") == 0, campaign.err
    assert campaign.run("destroy") == 0


def test_a_destroy_without_its_ledger_says_what_it_leaves(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0, campaign.err
    remove_ledger(campaign)
    before = sent(emulator)
    for words in (["destroy", "--yes"], ["plan", "--destroy"]):
        [(code, message, hint)] = found(campaign, *words, code=0, severity="warning")
        assert (code, "shows 4 keys of 'coast'" in message, "ledger rebuild" in hint) == ("ledger-missing", True, True)
        assert "refuses" not in hint
    assert sent(emulator) == before
