"""From argv to an exit code: finds the command, parses its arguments and runs it."""

from __future__ import annotations

import sys

from eocanvas_apply.cli.commands import ELSEWHERE, REMOVALS, SUMMARIES
from eocanvas_apply.cli.interruption import asked_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType

    from eocanvas_apply.cli.argument_parser import Parser
    from eocanvas_apply.cli.terminal.console import Console, Outcome


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    first = words[0] if words else "--help"
    if first == "help" and len(words) > 1:
        return run([words[1], "--help"])
    if first in {"-h", "--help", "help", "--version"}:
        return _print_about(first)
    return _run_command(words)


def _print_about(asked: str) -> int:
    from eocanvas_apply import __version__
    from eocanvas_apply.cli.terminal.channel import Channel, opened

    out = Channel(opened(sys.stdout))
    out.write(f"eocanvas-apply {__version__}\n" if asked == "--version" else _root_help())
    if out.fault is None:
        return 0
    from eocanvas_apply.cli.terminal.console import standard

    console = standard()
    console.out = out
    return int(console.report_lost_result())


def _root_help() -> str:
    from eocanvas_apply.cli.root_help import root_help

    return root_help()


def _run_command(words: list[str]) -> int:
    from eocanvas_apply.cli.guard import guarded
    from eocanvas_apply.cli.terminal.console import standard

    console = standard(colour="--no-color" not in words)
    # Known before the arguments are parsed, so that a usage error has this format too.
    console.format = asked_format(words)
    name = next((word for word in words if word in SUMMARIES), words[0])
    return guarded(name, console, lambda: _outcome(words, console), verbose="-v" in words)


def _outcome(words: list[str], console: Console) -> Outcome:
    _check(words)
    name, *words = words
    command, parser = prepared(name)
    if {"-h", "--help"} & set(words):
        from eocanvas_apply.cli.terminal.console import Outcome

        console.format = "text"
        return Outcome(text=lambda _: parser.part_of(words).format_help())
    from eocanvas_apply.cli.typed_commands import typed_commands

    args = parser.parse(words)
    console.manifest = _first_file(args)
    commands = typed_commands(args, _takes)
    console.complete(commands.completed, commands.in_diagnostic)
    with _log(args, console):
        outcome: Outcome = command.run(args, console)
        return outcome


def _takes(command: str, option: str) -> bool:
    """Whether a command, or a part of one, has an option."""
    name, _, part = command.partition(" ")
    _, parser = prepared(name)
    found = parser.parts.get(part) if part else parser
    return found is not None and found.takes(option)


def _first_file(args: Namespace) -> str:
    """Return the file of the manifest that diagnostics without a place are reported for in CI."""
    from pathlib import Path

    from eocanvas_apply.manifest_sources import MANIFEST, ManifestFiles

    first, *_ = getattr(args, "file", ()) or (MANIFEST,)
    return str(ManifestFiles.named(Path(first)).first)


def _log(args: Namespace, console: Console) -> AbstractContextManager[None]:
    from contextlib import nullcontext

    verbose, file = getattr(args, "verbose", False), getattr(args, "log", None)
    if not (verbose or file):
        return nullcontext()
    from eocanvas_apply.cli.log import logged
    from eocanvas_apply.diagnostics import warning

    def lost(fault: OSError) -> None:
        message = f"{file}: the log cannot be written any more: {fault.strerror}"
        console.report([warning("log-unwritable", message, "the command goes on without it")])

    return logged(console.err.stream, verbose=verbose, file=file, on_fault=lost)


def prepared(name: str) -> tuple[ModuleType, Parser]:
    """Return the module of a command, and the parser of its arguments."""
    import importlib

    from eocanvas_apply.cli.argument_parser import Parser

    module = importlib.import_module(f"eocanvas_apply.cli.commands.{name}")
    parser = Parser(name, SUMMARIES[name], module.EPILOG)
    module.add_arguments(parser)
    return module, parser


def _check(words: Sequence[str]) -> None:
    """Raise UsageError where the first word is no command."""
    name = words[0]
    if name in SUMMARIES:
        return
    from eocanvas_apply.diagnostics import error
    from eocanvas_apply.errors import UsageError

    bare = name.lstrip("-")
    if name.startswith("-") and bare not in {*SUMMARIES, *ELSEWHERE}:
        raise UsageError(error("usage", f"{name} stands before the command", _reordered(words)))
    raise UsageError(error("usage", f"there is no command {name!r}", _nearest_command(name)))


def _nearest_command(word: str) -> str:
    """Return a hint for a word that is no command."""
    from eocanvas_apply.cli import suggestions
    from eocanvas_apply.diagnostics import nearest

    bare = word.lstrip("-")
    words = (*SUMMARIES, *ELSEWHERE, *REMOVALS)
    known = next((each for each in (bare, bare.casefold()) if each in words), None)
    several = sum(each.startswith(bare) for each in SUMMARIES) > 1
    found = known or suggestions.begun(bare, SUMMARIES) or (None if several else nearest(bare, words))
    if found in REMOVALS:
        return suggestions.TAKE_OUT
    if found:
        return f"did you mean {ELSEWHERE.get(found, found)}?"
    return f"the commands are {', '.join(SUMMARIES)}; see: eocanvas-apply --help"


def _reordered(words: Sequence[str]) -> str:
    import shlex

    command = next((word for word in words if word in SUMMARIES), None)
    if command is None:
        return "write the command first, such as: eocanvas-apply plan; see: eocanvas-apply --help"
    at = words.index(command)
    return f"options follow the command: eocanvas-apply {shlex.join([command, *words[:at], *words[at + 1 :]])}"
