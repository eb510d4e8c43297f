from __future__ import annotations

import io

import pytest

from eocanvas_apply.cli.terminal.console import Channel, Console
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.errors import SafetyRefusal


def _console() -> Console:
    return Console(Channel(io.StringIO()), Channel(io.StringIO()))


def _type(monkeypatch: pytest.MonkeyPatch, answer: str, *, terminal: bool = True) -> None:
    stdin = io.StringIO(answer)
    monkeypatch.setattr(stdin, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stdin", stdin)


def test_yes_on_the_command_line_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _type(monkeypatch, "", terminal=False)
    confirm(_console(), "Apply?", yes=True)


def test_yes_is_taken_and_the_question_goes_to_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    _type(monkeypatch, "yes\n")
    console = _console()
    confirm(console, "Apply?", yes=False)
    assert isinstance(console.err.stream, io.StringIO)
    assert console.err.stream.getvalue() == "Apply? Only 'yes' is taken: "


@pytest.mark.parametrize("answer", ["y\n", "no\n", "\n", ""])
def test_anything_else_is_a_refusal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    _type(monkeypatch, answer)
    with pytest.raises(SafetyRefusal, match="nothing was changed"):
        confirm(_console(), "Apply?", yes=False)


def test_without_a_terminal_it_names_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    _type(monkeypatch, "yes\n", terminal=False)
    with pytest.raises(SafetyRefusal) as refusal:
        confirm(_console(), "Apply?", yes=False)
    assert refusal.value.diagnostics[0].hint == "say --yes"
