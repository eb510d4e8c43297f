"""A job's log for people: without what is nobody else's business, and without pages of base64."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from eocanvas_apply.render.stamps import stamp
from eocanvas_apply.render.style import PLAIN, Style, printable

Line = tuple[datetime | None, str]
_SECRET = re.compile(
    r"(?i)(\w*(?:password|passwd|secret|token|credential)\w*[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|\S+)"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
_KEPT = 24


def scrubbed(message: str, private: Iterable[str]) -> str:
    """Return a message of a log without one-off passwords and private texts, long runs of base64 shortened.

    The service's wrapper writes the user's name, a password made for the job and the whole graph into it.
    """
    text = _SECRET.sub(r"\1***", message)
    for word in private:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "***", text) if word else text
    return _BASE64.sub(lambda found: f"{found[0][:_KEPT]}…({len(found[0])} characters)", text)


def documents(lines: Sequence[Line], private: Sequence[str]) -> list[dict[str, str | None]]:
    """Return the lines as JSON, scrubbed."""
    return [{"timestamp": stamp(time), "message": scrubbed(message, private)} for time, message in lines]


def text(lines: Sequence[Line], private: Sequence[str], style: Style = PLAIN) -> str:
    """Return one line a message with its time, scrubbed."""
    return "".join(
        f"{style.paint(stamp(time) or '-', 'dim')} {printable(scrubbed(message, private))}\n" for time, message in lines
    )
