"""Diagnostics: faults and warnings as values with code, severity, message and position. `render/` prints them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import force_setattr, replace

LONGEST_TEXT = 500
LONGEST_SNIPPET = 160
MOST_OF_A_CODE = 100
# How many characters of a word are compared with others.
_COMPARED = 100
# What names one case of a fault: numbers, and texts that are quoted.
_OF_ONE_CASE = re.compile(r"`[^`]*`|'[^']*'|[-+]?[0-9][0-9.,eE+-]*")


class Severity(StrEnum):
    """How bad it is. Only an error stops a command."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Position(Struct, frozen=True):
    """A place in a text file; line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int


class Diagnostic(Struct, frozen=True, omit_defaults=True):
    """One fault, warning or note.

    `code` is stable and in kebab case, `message` says what is wrong, `hint` what to do about it, in one or more lines.
    Both are at most 500 characters long and hold no control characters, whatever names they quote. `snippet` is the
    source line, or the part of a long one that begins at `snippet_column`, with secrets already masked. `more` counts
    the diagnostics of this code that are left out where this one says so. `path` is its field below the job of
    `address`: the place is found by it where the text of the manifest is known.
    """

    code: str
    severity: Severity
    message: str
    hint: str = ""
    position: Position | None = None
    address: str | None = None
    snippet: str | None = None
    snippet_column: int = 1
    more: int = 0
    path: tuple[str | int, ...] = ()

    def __post_init__(self) -> None:
        # What a message quotes must not begin a line of its own: pipelines take some lines for commands.
        for name, kept in (("message", ""), ("hint", "\n")):
            if (given := getattr(self, name)) and (shown := _shown(given, kept)) is not given:
                force_setattr(self, name, shown)

    def __str__(self) -> str:
        """Return it on one line: place, message and hint."""
        place = f"{self.position.file}:{self.position.line}: " if self.position else ""
        return place + self.message + (f" ({' '.join(self.hint.split())})" if self.hint else "")

    def at(
        self, position: Position | None, line: str | Excerpt | None = None, address: str | None = None
    ) -> Diagnostic:
        """Return the same diagnostic with its position and the line there; a long line is cut around the position.

        `address` is in place of its own where one is given.
        """
        part = excerpt(line, position.column) if isinstance(line, str) and position else line
        text, column = (part.text, part.column) if isinstance(part, Excerpt) else (part, 1)
        return replace(
            self, position=position, address=address or self.address, snippet=text, snippet_column=column, path=()
        )


class Excerpt(Struct, frozen=True):
    """A line, or a part of a long one; `column` is where it begins in the line."""

    text: str
    column: int = 1


def excerpt(text: str, column: int, begin: int = 0, end: int | None = None) -> Excerpt:
    """Return the line that a text has from `begin` to `end`, or the part of a long one around a column."""
    length = (len(text) if end is None else end) - begin
    first, last = window(length, column)
    head, tail = "…" if first else "", "…" if last < length else ""
    return Excerpt(head + text[begin + first : begin + last] + tail, first + 1 - len(head))


def window(length: int, column: int) -> tuple[int, int]:
    """Return which characters of a line of this length are shown around a column."""
    first = max(0, min(column - LONGEST_SNIPPET // 2, length - LONGEST_SNIPPET))
    return first, min(first + LONGEST_SNIPPET, length)


def _shown(text: str, kept: str) -> str:
    """Return a text without control characters but those `kept`, its middle cut out where it is too long."""
    if len(text) > LONGEST_TEXT:
        half = LONGEST_TEXT // 2
        text = f"{text[: half - 3]}...{text[-half:]}"
    if text.isprintable():
        return text
    escaped = "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)
    return escaped if len(escaped) <= LONGEST_TEXT else _shown(escaped, kept)


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


def limited(diagnostics: Iterable[Diagnostic], most: int = MOST_OF_A_CODE) -> list[Diagnostic]:
    """Return the first hundred of each code, and at the end one for each code of which there are more."""
    kept: list[Diagnostic] = []
    seen: Counter[str] = Counter()
    left_out: dict[str, int] = {}
    gravest: dict[str, Severity] = {}
    for each in diagnostics:
        seen[each.code] += not each.more
        if not each.more and seen[each.code] <= most:
            kept.append(each)
        else:
            left_out[each.code] = left_out.get(each.code, 0) + (each.more or 1)
            gravest[each.code] = _graver(gravest.get(each.code, each.severity), each.severity)
    return [*kept, *(_and_more(code, gravest[code], number) for code, number in left_out.items())]


def _graver(one: Severity, other: Severity) -> Severity:
    return one if one is other else min(one, other, key=list(Severity).index)


def _and_more(code: str, severity: Severity, number: int) -> Diagnostic:
    return Diagnostic(code, severity, f"and {number} more of this code", more=number)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X?` for the nearest known word; empty when none is near."""
    found = nearest(word, known)
    return f"did you mean {found[:_COMPARED]}?" if found else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the nearest known word, ignoring case, `-` and `_`; None when none is near."""
    from difflib import get_close_matches

    spellings = {_plain(each[:_COMPARED]): each for each in sorted(known, reverse=True)}
    written = _plain(word[:_COMPARED])
    found = get_close_matches(written, spellings, n=1, cutoff=_cutoff(len(written)))
    return spellings[found[0]] if found else None


class Suggestions:
    """`did you mean` for many findings of one kind: bounded work, so that late ones go without."""

    def __init__(self) -> None:
        self._comparisons = 50_000

    def near(self, word: str, known: Collection[str]) -> str:
        """Return what `did_you_mean` returns, empty when the bound is reached."""
        self._comparisons -= len(known)
        return did_you_mean(word, known) if self._comparisons >= 0 else ""


def _cutoff(length: int) -> float:
    """Return how alike a word of this length must be: `bogus` is not `logs`, although they share three letters."""
    if length >= 12:
        return 0.6
    slips = 1 if length < 6 else 2
    # A little below the share, which no binary number is.
    return max(0.6, 0.999 - slips / max(length, 3))


def fault_of(found: Diagnostic) -> tuple[str, str]:
    """Return what the diagnostics of one fault in several rows have in common: the code, and words without a case."""
    return found.code, _OF_ONE_CASE.sub("", found.message)


def one_of(words: Sequence[str]) -> str:
    """Return `a, b or c`."""
    return " or ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")
