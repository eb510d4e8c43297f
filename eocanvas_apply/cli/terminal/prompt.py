"""The question before anything changes. A refusal, or no terminal to ask at, is a safety rule (exit 5)."""

from __future__ import annotations

import sys

from eocanvas_apply.cli.terminal.console import Console
from eocanvas_apply.cli.terminal.signals import asking
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import SafetyRefusal


def confirm(console: Console, question: str, *, yes: bool) -> None:
    """Return when the user agrees, with `--yes` or by typing yes; raises SafetyRefusal otherwise."""
    if yes:
        return
    if not _has_terminal():
        raise SafetyRefusal(error("not-confirmed", "cannot ask for confirmation (no terminal)", "add --yes"))
    with asking():
        console.err.write(f"{question} Type 'yes' to continue: ")
        answer = sys.stdin.readline()
    if answer.strip() != "yes":
        raise SafetyRefusal(error("not-confirmed", "not confirmed; nothing was changed"))


def _has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
