from __future__ import annotations

import io
import json

import pytest

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.terminal.channel import Channel
from eocanvas_apply.cli.terminal.console import Console, Outcome, standard
from eocanvas_apply.diagnostics import warning


def _stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def _written(stream: io.TextIOWrapper) -> bytes:
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue()


OUTCOME = Outcome(
    Exit.UNFINISHED,
    (warning("w", "größer"),),
    text=lambda style: style.paint("result €\n", "bold"),
    fields=lambda: {"results": ["€"]},
)


def test_text_goes_to_stdout_and_findings_to_stderr() -> None:
    out, err = _stream(), _stream()
    Console(Channel(out), Channel(err, colour=True)).finish("plan", OUTCOME)
    assert _written(out) == "result €\n".encode()
    assert "größer" in _written(err).decode()
    assert b"\x1b[" in _written(err)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_json_is_one_document_in_any_encoding(encoding: str) -> None:
    out, err = _stream(encoding), _stream()
    Console(Channel(out), Channel(err), format="json").finish("plan", OUTCOME)
    document = json.loads(_written(out).decode(encoding))
    assert list(document) == ["format_version", "command", "results", "exit", "diagnostics"]
    assert document["results"] == ["€"]
    assert document["diagnostics"][0]["message"] == "größer"
    assert _written(err) == b""


def test_characters_missing_in_the_encoding_are_escaped() -> None:
    out = _stream("ascii")
    Channel(out).write("größer €\n")
    assert _written(out) == b"gr\\xf6\\xdfer \\u20ac\n"


class _Broken(io.TextIOWrapper):
    def __init__(self, fault: OSError) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.fault = fault
        self.calls = 0

    def write(self, text: str) -> int:
        self.calls += 1
        raise self.fault


def test_a_closed_pipe_is_ignored_and_a_full_disk_is_reported() -> None:
    pipe = _Broken(BrokenPipeError())
    channel = Channel(pipe)
    channel.write("a")
    channel.write("b")
    assert (pipe.calls, channel.fault) == (1, None)
    full = OSError(28, "No space left on device")
    disk = Channel(_Broken(full))
    disk.write("a")
    assert disk.fault is full


def test_a_stream_that_was_closed_from_the_start_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    monkeypatch.setattr("sys.stderr", None)
    console = standard()
    console.finish("plan", OUTCOME)
    assert console.out.fault is None
    for channel in (console.out, console.err):
        channel.stream.close()


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": ""}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_without_a_terminal_only_where_it_is_forced(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, colour: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    console = standard()
    assert (console.out.colour, console.err.colour) == (colour, colour)


@pytest.mark.parametrize(
    ("name", "value", "colour"), [("NO_COLOR", "1", False), ("TERM", "dumb", False), ("X", "", True)]
)
def test_colour_on_a_terminal_unless_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, colour: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", terminal)
    assert standard().out.colour is colour
    assert standard(colour=False).out.colour is False
