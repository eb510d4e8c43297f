"""Commands that messages name have the options of the run that names them, so that a copy of them works."""

from __future__ import annotations

import io
import re
import shlex
from argparse import Namespace
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.cli.program import _takes
from eocanvas_apply.cli.terminal.channel import Channel
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.typed_commands import TypedCommands, typed_commands
from eocanvas_apply.diagnostics import error
from tests.cli.conftest import Project

COMMANDS = typed_commands(
    Namespace(file=["my maps/a.yaml", "b.yaml"], env="test", var=["year=2024"], ledger=None, policy=None), _takes
)
OPTIONS = "-f 'my maps/a.yaml' -f b.yaml --env test --var year=2024"


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("eocanvas-apply why subset", f"eocanvas-apply why {OPTIONS} subset"),
        ("see: `eocanvas-apply plan`, then", f"see: `eocanvas-apply plan {OPTIONS}`, then"),
        ("eocanvas-apply logs 'a/b c' shows why", f"eocanvas-apply logs {OPTIONS} 'a/b c' shows why"),
        (
            "eocanvas-apply status, eocanvas-apply apply --retry-failed",
            f"eocanvas-apply status {OPTIONS}, eocanvas-apply apply {OPTIONS} --retry-failed",
        ),
        # Where the end of a line stands between the words, as on a terminal.
        ("eocanvas-apply\n    why subset", f"eocanvas-apply\n    why {OPTIONS} subset"),
        # A part of a command has options of its own.
        ("`eocanvas-apply ledger show`", "`eocanvas-apply ledger show -f 'my maps/a.yaml' -f b.yaml --env test`"),
        # What a command has already, and what it does not take.
        (
            "eocanvas-apply plan --env prod",
            "eocanvas-apply plan -f 'my maps/a.yaml' -f b.yaml --var year=2024 --env prod",
        ),
        ("eocanvas-apply import --all -f FILE, with", "eocanvas-apply import --all -f FILE, with"),
        ("eocanvas-apply plan --help", "eocanvas-apply plan --help"),
        ("`eocanvas-apply init` writes one", "`eocanvas-apply init` writes one"),
        ("eocanvas-apply explain bad-value", "eocanvas-apply explain bad-value"),
        # What is no command.
        ("a project of eocanvas-apply manages it", "a project of eocanvas-apply manages it"),
        ("eocanvas-apply planning", "eocanvas-apply planning"),
        ("nothing to do", "nothing to do"),
    ],
)
def test_a_command_gets_the_options_that_it_takes(text: str, completed: str) -> None:
    assert COMMANDS.completed(text) == completed
    # A message has no line breaks of its own.
    message, whole = text.replace("\n", ""), completed.replace("\n", "")
    found = COMMANDS.in_diagnostic(error("a-code", message, text, address="job.a"))
    assert found == error("a-code", whole, completed, address="job.a")


def test_without_options_a_text_stays_as_it_is() -> None:
    nothing = typed_commands(Namespace(file=[], env=None, var=[]), _takes)
    assert nothing == TypedCommands((), _takes)
    assert nothing.completed("eocanvas-apply why subset") == "eocanvas-apply why subset"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ledger", "postgresql://jane:hunter2@db.example.org/coast"),
        ("var", ["token=hunter2"]),
        ("var", ["note=password=hunter2"]),
    ],
)
def test_what_may_be_a_secret_is_not_repeated(name: str, value: object) -> None:
    args = Namespace(**{"file": ["secrets/a.yaml"], name: value})
    assert typed_commands(args, _takes).completed("eocanvas-apply plan") == "eocanvas-apply plan -f secrets/a.yaml"


SECOND = """\
environments:
  test: {project: coast-test, vars: {area: all}}
vars: {area: north}
"""


def copied(text: str, command: str) -> list[list[str]]:
    """Return the words of each copy of a command in a text, up to the end of its sentence."""
    found = re.findall(rf"eocanvas-apply ({command} [^`;\n]*)", text)
    assert found, text
    return [shlex.split(each.partition(" shows")[0].partition(" lists")[0]) for each in found]


def test_commands_copied_from_messages_work(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    monkeypatch.chdir(place)
    second = project.folder / "more text.yaml"
    second.write_text(SECOND, encoding="utf-8")
    project.named = (project.manifest, second)
    options = ("--env", "test", "--var", "area=south")
    plan = str(project.folder / "review.plan")
    assert project.run("plan", "--out", plan, *options) == 0, project.err
    (apply,) = copied(project.err, "apply")
    assert main([*apply]) == 0
    capsys.readouterr()
    # A text of a result, a diagnostic, and the diagnostic of a JSON document.
    assert project.run("why", "subset", *options) == 0
    (results,) = copied(project.out, "results")
    assert main(results) == 0
    assert "results/" in capsys.readouterr().out.replace("\\", "/")
    assert project.run("resolve", "subset", "--launch", *options) == 1
    said = project.err
    (found,) = project.json("resolve", "subset", "--launch", *options, code=1)["diagnostics"]
    for hint in (said, found["hint"]):
        (why,) = copied(hint, "why")
        assert main(why) == 0
        assert "subset" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wanted", "said"), [("text", f"eocanvas-apply why {OPTIONS} a"), ("csv", "eocanvas-apply why a")]
)
def test_what_is_not_for_people_stays_as_it_is(wanted: str, said: str) -> None:
    console = Console(Channel(io.StringIO()), Channel(io.StringIO()), wanted)
    console.complete(COMMANDS.completed, COMMANDS.in_diagnostic)
    console.finish("results", Outcome(text=lambda _: "eocanvas-apply why a"))
    assert isinstance(console.out.stream, io.StringIO)
    assert console.out.stream.getvalue() == said
