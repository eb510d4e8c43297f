"""What we tell a person about a fault, as a value: code, severity, words, place. Printing it is `render/`'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. Only an error keeps a command from going on."""

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
    """One finding.

    `code` is stable and in kebab case, `message` says what is wrong, `hint` what to do about it.
    `snippet` is the source line already masked by whoever owns the text, so that no secret can reach a screen.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    position: Position | None = None
    address: str | None = None
    snippet: str | None = None

    def at(self, position: Position | None, snippet: str | None = None) -> Diagnostic:
        """Return the same finding with its place; the layer that owns the text calls this."""
        return replace(self, position=position, snippet=snippet)


def error(code: str, message: str, hint: str = "", *, address: str | None = None) -> Diagnostic:
    """Return an error without a place."""
    return Diagnostic(code, Severity.ERROR, message, hint, address=address)


def warning(code: str, message: str, hint: str = "", *, address: str | None = None) -> Diagnostic:
    """Return a warning without a place."""
    return Diagnostic(code, Severity.WARNING, message, hint, address=address)


def info(code: str, message: str, hint: str = "") -> Diagnostic:
    """Return a note without a place."""
    return Diagnostic(code, Severity.INFO, message, hint)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Tell whether any of these is an error."""
    return any(each.severity is Severity.ERROR for each in diagnostics)
