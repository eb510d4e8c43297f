"""The line at a place of a manifest, as it may be shown under a diagnostic."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from eocanvas_apply.diagnostics import Excerpt, Position, window
from eocanvas_apply.manifest.masking import FIELDS, PUNCTUATION, SECRET_FIELDS, WITH_KEYS, Mask
from eocanvas_apply.secrets.secret_words import names_a_secret, secret_words

_STARS = "***"
_PIECE = re.compile(r"[{}\[\],: \t]+|[^{}\[\],: \t]+")
# A field in a text that could not be read, with its value where that is one plain word.
_FIELD = re.compile(r"(?<![^\s{,])([a-z0-9_]+):(?:[ \t]+([\w./:+-]+)(?=[ \t]*(?:[,}]|$)))?")
_NAME = re.compile(r"(\w+)[\"']?[ \t]*:[ \t]+")
# A word that a long line cuts is looked at whole.
_AROUND = 200


def snippet(mask: Mask, position: Position) -> Excerpt | None:
    """Return the line at a position, or the part of a long one around it; None when nothing of it may be shown."""
    text = mask.text
    if position.line > len(text.line_starts):
        return None
    begin, end = text.line_span(position.line)
    first, last = window(end - begin, position.column)
    head, tail = "…" if first else "", "…" if last < end - begin else ""
    first, last, caret = begin + first, begin + last, begin + position.column - 1
    if text.root is not None:
        runs: Iterator[_Run] = _runs(mask, first, last)
    elif _is_outside_keys(mask, position.line):
        runs = _runs_of_values(text.text, first, last)
    else:
        fields = [*_plain_fields(text.text, first, last)]
        runs = _runs_between(text.text, fields, first, last)
        if not fields:
            return None
    words = [*_words(text.text, max(begin, first - _AROUND), min(end, last + _AROUND))]
    return Excerpt(head + _drawn(text.text, _without(runs, words), caret) + tail, first - begin + 1 - len(head))


def shown_text(mask: Mask) -> str:
    """Return the whole text of a manifest as it may be shown, empty for one that could not be read."""
    text = mask.text
    if text.root is None:
        return ""
    lines = (_whole_line(mask, *text.line_span(number + 1)) for number in range(len(text.line_starts)))
    return "\n".join(lines).rstrip("\n") + "\n"


def _whole_line(mask: Mask, begin: int, end: int) -> str:
    runs = _without(_runs(mask, begin, end), [*_words(mask.text.text, begin, end)])
    return _drawn(mask.text.text, runs, begin - 1) if end > begin else ""


# Where a piece of a line begins and ends, and whether it is hidden.
_Run = tuple[int, int, bool]


def _runs(mask: Mask, at: int, end: int) -> Iterator[_Run]:
    while at < end:
        begin = at
        at, hidden = mask.end_of_run(at, end)
        yield begin, at, hidden


def _runs_of_values(text: str, begin: int, end: int) -> Iterator[_Run]:
    """Yield the runs of a line outside of keys in a text that could not be read."""
    at = next((each.end() for each in _NAME.finditer(text, begin, end) if names_a_secret(each[1])), end)
    yield begin, at, False
    if at < end:
        yield at, end, True


def _plain_fields(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where known fields begin and end, with their values where these are surely plain."""
    for found in _FIELD.finditer(text, begin, end):
        if found[1] in FIELDS:
            is_plain = found[1] not in SECRET_FIELDS and found[2]
            yield found.start(), found.end() if is_plain else found.end(1)


def _runs_between(text: str, shown: Iterable[tuple[int, int]], at: int, end: int) -> Iterator[_Run]:
    """Yield the runs of a line of which only some stretches and the punctuation between them are shown."""
    for begin, stop in (*shown, (end, end)):
        for found in _PIECE.finditer(text, at, begin):
            yield found.start(), found.end(), found[0][0] not in PUNCTUATION
        yield begin, stop, False
        at = stop


def _words(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    yield from ((begin + start, begin + stop) for start, stop in secret_words(text[begin:end]))


def _without(runs: Iterable[_Run], words: list[tuple[int, int]]) -> Iterator[_Run]:
    """Yield runs of which these words are hidden as well."""
    for begin, end, hidden in runs:
        for start, stop in () if hidden else words:
            if start < end and stop > begin:
                yield begin, max(begin, start), False
                yield max(begin, start), min(end, stop), True
                begin = min(end, stop)
        yield begin, end, hidden


def _drawn(text: str, runs: Iterable[_Run], caret: int) -> str:
    shown, was_hidden = "", False
    for begin, end, hidden in runs:
        if hidden and text[begin] == "#" and begin > caret and shown.strip():
            # A comment behind what is shown: it may hold anything, and stars would look like a secret that it is not.
            break
        if hidden:
            stars = "" if was_hidden else _STARS
            # What stands before the caret keeps its width, so that the caret stays under its place.
            shown += stars.ljust(end - begin) if end <= caret else stars
        else:
            shown += text[begin:end]
        was_hidden = hidden if end > begin else was_hidden
    return shown.rstrip()


def _is_outside_keys(mask: Mask, number: int) -> bool:
    if set(mask.text.stopped_under[:1]) & WITH_KEYS:
        return False
    found = bisect_right(mask.top_level_lines, number, key=lambda line: line[0])
    return found > 0 and mask.top_level_lines[found - 1][1] not in (None, *WITH_KEYS)
