"""The lines of a job's log as text and JSON; the messages come scrubbed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from eocanvas_apply.render.layout import PLAIN, Style, printable, stamp

Line = tuple[datetime | None, str]


def as_json(lines: Sequence[Line]) -> list[dict[str, str | None]]:
    """Return the lines as JSON."""
    return [{"timestamp": stamp(time), "message": message} for time, message in lines]


def text(lines: Sequence[Line], style: Style = PLAIN) -> str:
    """Return one line a message with its time."""
    return "".join(f"{style.paint(stamp(time) or '-', 'dim')} {printable(message)}\n" for time, message in lines)
