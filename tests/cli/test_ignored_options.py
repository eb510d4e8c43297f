"""No command offers an option that does nothing: whatever is declared is read by what carries the command out."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from eocanvas_apply.cli import main, program
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.program import prepared
from eocanvas_apply.emulator.http.emulator_options import from_arguments
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project
from tests.database_server import DatabaseServer

# Calls of each command which together read all that it declares, in an order in which each finds something to do.
CALLS = {
    "init": ["init new"],
    "validate": ["validate --online --storage"],
    "doctor": ["doctor"],
    "deps": ["deps"],
    "lock": ["lock"],
    "plan": ["plan --out review.plan", "plan --offline"],
    "show": ["show review.plan"],
    "apply": ["apply review.plan --no-wait", "apply --wait 1ms"],
    "status": ["status", "status --offline"],
    "report": ["report --out report.html", "report --offline"],
    "results": ["results --fetch"],
    "logs": ["logs subset"],
    "why": ["why subset"],
    "import": ["import subset JOB --ledger imported.jsonl --allow-new-ledger -f changed.yaml"],
    "cancel": ["cancel subset --yes"],
    "resolve": ["resolve subset --adopt JOB"],
    "ledger show": ["ledger show"],
    "ledger verify": ["ledger verify"],
    "ledger copy": ["ledger copy .eocanvas/default.jsonl copy.jsonl"],
    "ledger compact": ["ledger compact"],
    "ledger create": ["ledger create --ledger DATABASE"],
    "ledger rebuild": ["ledger rebuild --ledger anew.jsonl"],
    "forget": ["forget subset"],
    "destroy": ["destroy"],
    "schema": ["schema plan"],
    "completion": ["completion bash"],
    "explain": ["explain literal-secret subset.xml"],
}
# They run until they are ended, and start commands of their own.
APART = {"emulator", "demo"}
# What the program itself reads, whatever the command is.
_OF_THE_PROGRAM = {"help", "format", "no_color", "verbose", "log"}


class Watched(Namespace):
    """Arguments that note which of them are read."""

    def __init__(self, args: Namespace, read: set[str]) -> None:
        super().__init__(**vars(args))
        object.__setattr__(self, "_read", read)

    def __getattribute__(self, name: str) -> object:
        if not name.startswith("_"):
            object.__getattribute__(self, "_read").add(name)
        return super().__getattribute__(name)


@pytest.fixture(name="read")
def _read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return what commands read of their arguments from now on."""
    read = set[str]()

    def watched(name: str) -> tuple[SimpleNamespace, Parser]:
        command, parser = prepared(name)
        return SimpleNamespace(run=lambda args, console: command.run(Watched(args, read), console)), parser

    monkeypatch.setattr(program, "prepared", watched)
    return read


def declared(parser: Parser) -> set[str]:
    return {action.dest for action in parser._actions} - _OF_THE_PROGRAM


def parsers() -> Iterator[Parser]:
    for name in SUMMARIES:
        _, parser = prepared(name)
        yield from parser.parts.values() or (parser,)


def test_every_command_is_called() -> None:
    assert CALLS.keys() | APART == {parser.command for parser in parsers()}


def test_no_option_is_accepted_and_ignored(
    project: Project,
    emulator: RunningEmulator,
    database_server: DatabaseServer,
    read: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(project.folder)
    for name, value in database_server.variables("admin").items():
        monkeypatch.setenv(name, value)
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    ignored = {}
    project.change("https://s3.example.org", "https://127.0.0.1:9")
    changed = project.manifest.read_text(encoding="utf-8").replace("/a.zip", "/b.zip")
    Path("changed.yaml").write_text(changed, encoding="utf-8")
    for parser in parsers():
        read.clear()
        for call in CALLS.get(parser.command, ()):
            with emulator.model() as wire:
                job = next((each.id for each in wire.service.jobs.every()), "")
            main(call.replace("JOB", job).replace("DATABASE", database_server.new_schema()).split())
        if parser.command not in APART:
            ignored[parser.command] = declared(parser) - read
    assert not {command: names for command, names in ignored.items() if names}


def test_the_emulator_reads_every_option() -> None:
    _, parser = prepared("emulator")
    read = set[str]()
    from_arguments(Watched(parser.parse([]), read))
    assert declared(parser) <= read
