"""Diagnostics: faults and warnings as values with code, severity, message and position. `render/` prints them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. Only an error stops a command."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text file; line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault, warning or note.

    `code` is stable and in kebab case, `message` says what is wrong, `hint` what to do about it.
    `snippet` is the source line with secrets already masked.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    position: Position | None = None
    address: str | None = None
    snippet: str | None = None

    def at(self, position: Position | None, snippet: str | None = None) -> Diagnostic:
        """Return the same diagnostic with its position."""
        return replace(self, position=position, snippet=snippet)


def error(code: str, message: str, hint: str = "", *, address: str | None = None) -> Diagnostic:
    """Return an error without a position."""
    return Diagnostic(code, Severity.ERROR, message, hint, address=address)


def warning(code: str, message: str, hint: str = "", *, address: str | None = None) -> Diagnostic:
    """Return a warning without a position."""
    return Diagnostic(code, Severity.WARNING, message, hint, address=address)


def info(code: str, message: str, hint: str = "") -> Diagnostic:
    """Return a note without a position."""
    return Diagnostic(code, Severity.INFO, message, hint)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any of these is an error."""
    return any(each.severity is Severity.ERROR for each in diagnostics)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X?` for the nearest known word, ignoring case, `-` and `_`; empty when none is near."""
    from difflib import get_close_matches

    spellings = {_plain(each): each for each in sorted(known, reverse=True)}
    found = get_close_matches(_plain(word[:100]), spellings, n=1, cutoff=0.6)
    return f"did you mean {spellings[found[0]]}?" if found else ""


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")
