"""Rows of text in columns."""

from __future__ import annotations

from collections.abc import Sequence

from eocanvas_apply.render.style import PLAIN, Style, printable


def table(head: Sequence[str], rows: Sequence[Sequence[str]], style: Style = PLAIN) -> str:
    """Return the rows below their head, each column as wide as its widest text; no rows give the empty text."""
    if not rows:
        return ""
    shown = [[printable(text) for text in row] for row in rows]
    widths = [max(len(row[column]) for row in (head, *shown)) for column in range(len(head))]
    lines = [_line(row, widths) for row in shown]
    return "\n".join([style.paint(_line(head, widths), "dim"), *lines]) + "\n"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
