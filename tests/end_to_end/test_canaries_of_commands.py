"""Every command in every format, with its log and without, in good weather and in bad, reveals no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.program import prepared
from eocanvas_apply.emulator.http.request_faults import Fault
from tests.end_to_end.test_canaries import CanaryProject
from tests.end_to_end.tool import finished

# How each is called, in an order in which each finds something to do.
CALLS = {
    "validate": "validate",
    "doctor": "doctor",
    "deps": "deps",
    "lock": "lock",
    "plan": "plan --simulate --full --out review.plan",
    "show": "show review.plan",
    "apply": "apply --yes",
    "status": "status",
    "report": "report",
    "results": "results",
    "logs": "logs subset",
    "why": "why subset",
    "cancel": "cancel fetched --yes",
    "resolve": "resolve subset --launch",
    "import": "import key.scenes no-such-key",
    "ledger": "ledger show",
    "forget": "forget fetched",
    "destroy": "destroy --yes",
    "schema": "schema ledger-event",
    "completion": "completion bash",
    "explain": "explain literal-secret",
}
# What options make of them; storages do not answer, and the policy refuses.
ALSO = (
    "validate --online -v",
    "validate --storage=write -v",
    "doctor --storage",
    "report --offline --out -",
    "plan --offline --format json",
    f"plan --require-sealing-key {'0' * 64}",
    "plan --refresh-only --full",
    "plan --refresh-only --format json",
    "plan --policy policy.yaml",
    "apply --yes --policy policy.yaml",
    "ledger rebuild --yes --ledger anew.jsonl",
    "import --all --yes -f all/eocanvas.yaml",
    "status --offline",
    "status --metrics coast.prom",
    "apply --yes --metrics none/coast.prom",
)
POLICY = "version: 1\nlaunches_per_run: 1\n"
# They have a service and accounts of their own, or write only what they always write.
APART = {"demo", "emulator", "init"}
# What asks the service.
ASKING = ("doctor", "plan", "apply", "status", "logs", "cancel", "destroy")
WAITS_FOR_NOTHING = {"apply": ["--no-wait"]}
REFUSALS = {
    "refused": Fault(
        "status", method="POST", path="*/keys", times=None, status=400, body={"message": "no such bucket"}
    ),
    "html": Fault("html", path="*/serverless/*", times=None),
    "cut": Fault("truncate", method="GET", path="*/serverless/*", times=None),
    "lost": Fault("drop-after", method="POST", path="*/serverless/*", times=None),
    "down": Fault("status", method="GET", path="*/serverless/*", times=None, status=503, body="<html>down</html>"),
    "unauthorized": Fault("unauthorized", path="*/serverless/*", times=None),
}


def options(command: str) -> frozenset[str]:
    return frozenset(parser(command)._option_string_actions)


def formats(command: str) -> tuple[str, ...]:
    action = parser(command)._option_string_actions.get("--format")
    return tuple(action.choices or ()) if action else ()


def parser(command: str) -> Parser:
    return prepared(command)[1].part_of(CALLS[command].split())


def variants(command: str) -> Iterator[list[str]]:
    """Yield the calls of one command: in every format, and as text with the log in all its places."""
    words = CALLS[command].split()
    yield from ([*words, "--format", each] for each in formats(command))
    if "--log" in options(command):
        yield [*words, "-v", "--log", "run.log"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CanaryProject]:
    with CanaryProject(tmp_path).open() as project:
        yield project


def test_every_command_is_called() -> None:
    assert CALLS.keys() | APART == SUMMARIES.keys()


def test_no_option_reveals_a_secret(project: CanaryProject) -> None:
    (project.tool.project / "policy.yaml").write_text(POLICY, encoding="utf-8")
    for words in ALSO:
        ended = project.run(*words.split())
        assert "[usage]" not in ended.err
        assert "[unknown-field]" not in ended.err
    project.expect_no_leak()


def test_no_command_reveals_a_secret_in_any_format(project: CanaryProject) -> None:
    for command in CALLS:
        for words in variants(command):
            project.run(*words)
    with project.tool.emulator.model() as wire:
        assert [key.name for key in wire.service.keystore] == ["eodata"]
    project.expect_no_leak()


@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
def test_no_command_reveals_a_secret_when_the_service_fails(project: CanaryProject, fault: Fault) -> None:
    project.run("apply", "--yes", "--no-wait")
    project.fault(fault)
    # Side by side: most of their time they wait between two tries.
    calls = [[*CALLS[command].split(), *WAITS_FOR_NOTHING.get(command, ())] for command in ASKING]
    started = [project.tool.start(*words, "-v", "--log", f"run-{number}.log") for number, words in enumerate(calls)]
    project.heard(*map(finished, started))
    project.expect_no_leak()
