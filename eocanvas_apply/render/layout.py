"""Times, sizes, counts, colour and columns as text, and text from outside made safe to show."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    # Only for their types: the command line colours its help with this file, and shows no times there.
    from datetime import datetime, timedelta

T = TypeVar("T")


def _utc(time: datetime, between: str, unit: str = "seconds") -> str:
    import datetime as dt

    # A report has two of them for each job, and strftime takes three times as long.
    return time.astimezone(dt.UTC).isoformat(between, unit).removesuffix("+00:00")


def stamp(time: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC, to the second; None for no time."""
    return f"{_utc(time, 'T')}Z" if time else None


def moment(time: datetime | None) -> str:
    """Return `2024-07-01 04:00:00 UTC`, or `-` for no time."""
    return f"{_utc(time, ' ')} UTC" if time else "-"


def minute(time: datetime | None) -> str:
    """Return `2024-07-01 04:00 UTC`, or `-` for no time: where seconds do not matter."""
    return f"{_utc(time, ' ', 'minutes')} UTC" if time else "-"


def span(length: timedelta) -> str:
    """Return a length of time in the largest whole unit: `1h`, `30d`, `90s`."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def rough(length: timedelta) -> str:
    """Return a length of time in one or two units, for people: `2d 5h`, `1h`, `3m 20s`, `8s`; never below zero."""
    seconds = max(round(length.total_seconds()), 0)
    if seconds >= 3600:
        # Seconds do not matter beside hours.
        seconds = round(seconds / 60) * 60
    numbers = zip((seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60), "dhms", strict=True)
    return " ".join([f"{number}{unit}" for number, unit in numbers if number][:2]) or "0s"


def size(count: int) -> str:
    """Return a number of bytes in at most three digits and a unit: `0 B`, `4.1 kB`, `123 MB`, `1.2 GB`."""
    if count < 1000:
        return f"{count} B"
    value, unit = float(count), "B"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007  # the last one reached is used
        value /= 1000
        if value < 999.5:
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def size_of(part: int, whole: int) -> str:
    """Return `1.7/2.2 GB`, or with both units where they differ."""
    (number, unit), (most, last) = size(part).split(), size(whole).split()
    return f"{number}/{most} {last}" if unit == last else f"{number} {unit}/{most} {last}"


# As many as one looks through in a notebook.
_MOST_ROWS = 100
_PAINT = re.compile(r"\x1b\[[0-9;]*m")
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


class Style(Struct, frozen=True):
    """Whether to colour, and to how many columns to wrap (None: not). `PLAIN` leaves every text as it is."""

    colour: bool = False
    width: int | None = None

    def paint(self, text: str, *names: str) -> str:
        """Return the text in the named colours, or as it is where colour is off or nothing is named."""
        if not (self.colour and names and text):
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"

    def wrap(self, text: str, indent: str = "  ") -> str:
        """Return the text with its long lines broken at blanks, each continued `indent` behind where it begins."""
        if self.width is None:
            return text
        begin = (_blanks(_PAINT.sub("", line)) for line in text.split("\n"))
        lines = zip(text.split("\n"), begin, strict=True)
        return "\n".join(wrapped(line, self.width, " " * blanks + indent) for line, blanks in lines)


PLAIN = Style()


def printable(text: str) -> str:
    """Return the text without control characters, so that text from outside cannot control a terminal."""
    # Nearly every text is, and a report has some for each job.
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def one_line(text: str, limit: int = 200) -> str:
    """Return the text on one line of at most `limit` characters, cut with an ellipsis."""
    flat = " ".join(printable(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def wrapped(line: str, width: int, indent: str) -> str:
    """Return a line as lines of at most `width` columns, later ones indented; broken at blanks, never in a name."""
    begin = _blanks(line)
    lines, used = [line[:begin]], begin
    for number, word in enumerate(line[begin:].split(" ")):
        length = len(_PAINT.sub("", word))
        if number and used + 1 + length > width and used > len(indent):
            lines.append(indent + word)
            used = len(indent) + length
        else:
            lines[-1] += f" {word}" if number else word
            used += length + bool(number)
    return "\n".join(lines)


def _blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def cut(text: str, limit: int) -> str:
    """Return the text on one line of at most `limit` characters, cut in the middle: names differ at their ends."""
    flat = " ".join(printable(text).split())
    if len(flat) <= limit:
        return flat
    end = max(limit - 1, 0) // 2
    return flat[: max(limit - 1 - end, 0)] + "…" + (flat[-end:] if end else "")


def cut_apart(names: Sequence[str], limit: int) -> list[str]:
    """Return names of at most `limit` characters: cut in the middle, or where they differ if that makes them equal."""
    short = [cut(name, limit) for name in names]
    equal = {each: {name for name, its in zip(names, short, strict=True) if its == each} for each in short}
    return [
        _from_difference(name, equal[each], limit) if len(equal[each]) > 1 else each
        for name, each in zip(names, short, strict=True)
    ]


def _from_difference(name: str, others: Collection[str], limit: int) -> str:
    """Return the beginning of a name, and what of it begins shortly before it differs from the others."""
    start = next((n for n, letters in enumerate(zip(*others, strict=False)) if len(set(letters)) > 1), 0)
    begin = name[: limit // 4]
    return begin + one_line(f"…{name[max(start - limit // 4, len(begin)) :]}", limit - len(begin))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 job`, `2 jobs`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def shortened(things: Sequence[T], most: int, line: Callable[[T], str], more: str, spare: int = 0) -> list[str]:
    """Return a line for each of the first things, and `more` with the number of others for `{}`.

    All have their line where there are at most `spare` others.
    """
    shown = things if len(things) <= most + spare else things[:most]
    rest = len(things) - len(shown)
    return [*map(line, shown), *([more.format(rest)] if rest else [])]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], style: Style = PLAIN) -> str:
    """Return the rows below their head, each column as wide as its widest text; no rows give the empty text."""
    if not rows:
        return ""
    cells = [[printable(text) for text in row] for row in rows]
    widths = [max(len(row[column]) for row in (head, *cells)) for column in range(len(head))]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([style.paint(_line(head, widths), "dim"), *lines]) + "\n"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


# As many columns are left for a name on a narrow terminal, and for the text behind it.
_LEAST = 24


def columns(rows: Sequence[Sequence[str]], style: Style = PLAIN, *, whole: bool = False) -> list[str]:
    """Return the rows as lines in columns, indented; further lines of the last text stand below its row.

    On a terminal no line is wider than that: names in the first column are cut in the middle unless they are to be
    `whole`, and the last column is wrapped below its beginning.
    """
    names = [row[0] for row in rows]
    if style.width and not whole:
        names = cut_apart(names, max(style.width * 2 // 5, _LEAST))
    cells = [[name, *row[1:-1]] for name, row in zip(names, rows, strict=True)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    # A column without any text takes no room.
    cells = [[cell for cell, width in zip(row, widths, strict=True) if width] for row in cells]
    widths = list(filter(None, widths))
    lines = []
    for row, (*_, last) in zip(cells, rows, strict=True):
        text, *below = last.split("\n")
        lines += _row(row, widths, text, style)
        lines += [line for each in below for line in style.wrap(f"    {each}", "").split("\n")]
    return lines


def _row(row: Sequence[str], widths: Sequence[int], text: str, style: Style) -> list[str]:
    before = "  " + "".join(cell.ljust(width + 2) for cell, width in zip(row, widths, strict=True))
    if style.width is None:
        return [(before + text).rstrip()]
    room = style.width - len(before)
    if room < _LEAST:
        # Beside names that are to be whole no room is left.
        return [before.rstrip(), *(style.wrap(f"    {text}", "").split("\n") if text else ())]
    first, *others = wrapped(text, room, "").split("\n")
    return [(before + first).rstrip(), *(" " * len(before) + line for line in others)]


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]], below: str = "") -> str:
    """Return a table for a notebook, cut after its first rows, with `below` (lines of text) under it."""
    from html import escape

    def row(cells: Sequence[object], tag: str) -> str:
        shown = (escape(printable("" if cell is None else str(cell))) for cell in cells)
        return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in shown)}</tr>"

    more = f"... and {len(rows) - _MOST_ROWS} more" if len(rows) > _MOST_ROWS else ""
    body = "".join(row(cells, "td") for cells in rows[:_MOST_ROWS])
    table = f"<table><thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>" if rows else ""
    text = "\n".join(filter(None, (more, below.strip())))
    rest = f"<pre>{escape(printable(text))}</pre>" if text.strip() else ""
    return f"<div><b>{escape(printable(title))}</b>{table}{rest}</div>"
