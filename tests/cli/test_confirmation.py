from __future__ import annotations

import io

import pytest

from eocanvas_apply.cli.terminal.channel import Channel
from eocanvas_apply.cli.terminal.console import Console
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.errors import SafetyRefusal


def asked(monkeypatch: pytest.MonkeyPatch, answer: str, *, yes: bool = False, terminal: bool = True) -> tuple[str, str]:
    """Return what a question wrote to stderr, and what of the answer was left unread."""
    stdin, console = io.StringIO(answer), Console(Channel(io.StringIO()), Channel(io.StringIO()))
    monkeypatch.setattr(stdin, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stdin", stdin)
    try:
        confirm(console, "Apply?", yes=yes)
    finally:
        assert isinstance(console.err.stream, io.StringIO)
        assert isinstance(console.out.stream, io.StringIO)
        assert console.out.stream.getvalue() == ""
    return console.err.stream.getvalue(), stdin.read()


def test_the_option_yes_asks_nothing_and_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, "no\n", yes=True, terminal=False) == ("", "no\n")


@pytest.mark.parametrize("answer", ["yes\n", " yes \n", "yes"])
def test_the_answer_yes_continues_and_the_question_goes_to_stderr(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    assert asked(monkeypatch, answer) == ("Apply? Type 'yes' to continue: ", "")


@pytest.mark.parametrize("answer", ["y\n", "Yes\n", "no\nyes\n", "\n", ""])
def test_any_other_answer_is_a_refusal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    with pytest.raises(SafetyRefusal, match="nothing was changed") as refusal:
        asked(monkeypatch, answer)
    assert [each.code for each in refusal.value.diagnostics] == ["not-confirmed"]


def test_without_a_terminal_nothing_is_read_and_the_flag_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SafetyRefusal, match="no terminal") as refusal:
        asked(monkeypatch, "yes\n", terminal=False)
    assert refusal.value.diagnostics[0].hint == "add --yes"


def test_without_standard_input_it_is_a_refusal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SafetyRefusal, match="no terminal"):
        confirm(Console(Channel(io.StringIO()), Channel(io.StringIO())), "Apply?", yes=False)
