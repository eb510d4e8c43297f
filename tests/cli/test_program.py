from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eocanvas_apply import __version__
from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli import main
from eocanvas_apply.cli.commands import ELSEWHERE, SUMMARIES
from eocanvas_apply.cli.commands import init as init_command

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command_and_exit_code(words: list[str], capsys: Captured) -> None:
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in SUMMARIES)
    assert all(f"\n  {int(code)} " in shown for code in Exit)


def test_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"eocanvas-apply {__version__}\n"


@pytest.mark.parametrize("command", SUMMARIES)
def test_every_command_has_help_with_examples(command: str, capsys: Captured) -> None:
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"usage: eocanvas-apply {command}" in shown
    assert f"  eocanvas-apply {command}" in shown.partition("Example")[2]


def test_help_about_a_command(capsys: Captured) -> None:
    assert main(["help", "init"]) == 0
    assert "usage: eocanvas-apply init" in capsys.readouterr().out


def test_an_unknown_command_suggests_a_similar_one(capsys: Captured) -> None:
    assert main(["aply"]) == 1
    assert capsys.readouterr().err == (
        "error: there is no command 'aply' [usage]\n  hint: did you mean apply?\n\n1 error\n"
    )


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("get", "did you mean status?"),
        ("describe", "did you mean why ADDRESS?"),
        ("state", "did you mean status?"),
        ("refresh", "did you mean plan?"),
        ("output", "did you mean results?"),
        ("repro", "did you mean apply?"),
        ("--plan", "did you mean plan?"),
        ("bogus", f"the commands are {', '.join(SUMMARIES)}; see: eocanvas-apply --help"),
        ("statsu", "did you mean status?"),
    ],
)
def test_a_command_of_another_tool_or_a_slip_suggests_ours(word: str, hint: str, capsys: Captured) -> None:
    assert main([word]) == 1
    assert capsys.readouterr().err == f"error: there is no command {word!r} [usage]\n  hint: {hint}\n\n1 error\n"


def test_the_commands_of_other_tools_lead_to_commands_that_exist() -> None:
    assert {hint.split()[0] for hint in ELSEWHERE.values()} <= SUMMARIES.keys() | {"--version"}
    assert not ELSEWHERE.keys() & SUMMARIES.keys()


def test_options_before_the_command_are_shown_behind_it(capsys: Captured) -> None:
    assert main(["-f", "my file.yaml", "init"]) == 1
    assert capsys.readouterr().err == (
        "error: -f stands before the command [usage]\n"
        "  hint: options follow the command: eocanvas-apply init -f 'my file.yaml'\n\n1 error\n"
    )


@pytest.mark.parametrize("words", [["--format", "json", "plan"], ["--format=json", "plan", "--nope"]])
def test_options_before_the_command_leave_json_one_document(words: list[str], capsys: Captured) -> None:
    assert main(words) == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert captured.err == ""
    assert (document["command"], document["exit"]) == ("plan", 1)
    assert "stands before the command" in document["diagnostics"][0]["message"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["init", "--formt", "json"], "did you mean --format?"),
        (["init", "--plan"], "the options of init are --help, --format, --no-color, -v, --log"),
        (["init", "a", "b"], "see: eocanvas-apply init --help"),
        (["init", "--format", "jsn"], "did you mean json?"),
        (["schema"], "see: eocanvas-apply schema --help"),
        (["schema", "manifst"], "did you mean manifest?"),
        (["validate", "--env", "a", "--env", "b"], "see: eocanvas-apply validate --help"),
    ],
)
def test_usage_errors_exit_1_with_a_hint(words: list[str], hint: str, capsys: Captured) -> None:
    assert main(words) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"hint: {hint}" in captured.err


@pytest.mark.parametrize("words", [["--format=yaml"], ["--format", "yaml"]])
def test_an_unknown_format_names_those_there_are(words: list[str], capsys: Captured) -> None:
    assert main(["why", *words]) == 1
    assert capsys.readouterr().err == (
        "error: --format must be text or json, not 'yaml' [usage]\n  hint: see: eocanvas-apply why --help\n\n1 error\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "--format"], "--format needs a value"),
        (["why"], "missing: ADDRESS"),
        (["plan", "--limit", "0"], "--limit: '0' is not a number of launches (at least 1)"),
    ],
)
def test_usage_errors_are_in_our_words(words: list[str], message: str, capsys: Captured) -> None:
    assert main(words) == 1
    assert capsys.readouterr().err.startswith(f"error: {message} [usage]\n")


def test_json_is_one_document_even_for_a_usage_error(capsys: Captured) -> None:
    assert main(["init", "--format", "json", "--nope"]) == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert captured.err == ""
    assert (document["format_version"], document["command"], document["exit"]) == ("1.0", "init", 1)
    assert [d["code"] for d in document["diagnostics"]] == ["usage"]


def test_an_unexpected_exception_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path) -> None:
    monkeypatch.setattr(init_command, "_template", lambda _: 1 / 0)
    assert main(["init", str(tmp_path / "a")]) == 1
    shown = capsys.readouterr().err
    assert "internal error: ZeroDivisionError at " in shown
    assert "Traceback" not in shown
    assert main(["init", str(tmp_path / "b"), "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_operating_system_errors_are_no_internal_errors(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "folder")]) == 1
    assert "Not a directory [system]" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("w") as full:
        script = [sys.executable, "-m", "eocanvas_apply", "--help"]
        ended = subprocess.run(script, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the result could not be written: No space left on device [output]\n")


def test_a_reader_that_closes_the_pipe_is_no_error() -> None:
    script = [sys.executable, "-m", "eocanvas_apply", "schema", "ledger-event"]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
