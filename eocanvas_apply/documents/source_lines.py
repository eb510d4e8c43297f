"""The lines of a text by number, in memory of eight bytes a line."""

from __future__ import annotations

import re
from array import array
from itertools import chain

from eocanvas_apply.diagnostics import Excerpt, Position, excerpt

_LINE_END = re.compile(r"\r\n|[\n\r]")


class SourceLines:
    """Lines count from 1 and end as in XML, at a line feed, a carriage return or both."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._starts = array("L", chain((0,), (found.end() for found in _LINE_END.finditer(text))))

    @property
    def end(self) -> Position:
        """The place behind the last character."""
        return Position(self._file, len(self._starts), len(self._text) - self._starts[-1] + 1)

    def around(self, position: Position) -> Excerpt | None:
        """Return the line of a position without its end, or the part of a long one; None when there is no such line."""
        if not 0 < position.line <= len(self._starts):
            return None
        start = self._starts[position.line - 1]
        end = self._starts[position.line] if position.line < len(self._starts) else len(self._text)
        while end > start and self._text[end - 1] in "\r\n":
            end -= 1
        return excerpt(self._text, position.column, start, end)
