"""What every answer to a text from outside must be: diagnostics with places in the file, bounded and fit to print."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from eocanvas_apply.checks.codes import codes
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.render import diagnostics as render
from tests.fuzz.judges import Judged

LONGEST = 500
MOST = 100
# Far above what any input takes here, so that a slow machine fails no test.
SECONDS = 30
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class TooSlow(AssertionError):
    """A text is judged for longer than any may be."""


@contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """Raise TooSlow inside the block when it takes longer; without a limit where the system has no such alarm."""
    import signal

    def stop(number: int, frame: object) -> None:
        raise TooSlow(f"longer than {seconds} s")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check(judged: Judged) -> None:
    """Raise AssertionError where an answer is not sound."""
    for found in judged.diagnostics:
        _check_one(found, judged)
    assert max(Counter(each.code for each in judged.diagnostics).values(), default=0) <= MOST + 1
    shown = render.text(judged.diagnostics)
    assert all(c.isprintable() or c in "\n\t" for c in shown), "control characters are shown"
    json.dumps(render.all_as_json(judged.diagnostics)).encode()


def _check_one(found: Diagnostic, judged: Judged) -> None:
    assert isinstance(found, Diagnostic)
    assert found.code in codes(), found.code
    assert len(found.message) <= LONGEST, found.code
    assert len(found.hint) <= LONGEST, found.code
    place = found.position
    if place is not None and place.file in judged.files:
        lines, longest = _extent(judged.files[place.file])
        assert 1 <= place.line <= lines, (found, lines)
        assert 1 <= place.column <= longest + 1, (found, longest)


def _extent(content: bytes) -> tuple[int, int]:
    """Return how many lines a text has at most, and how long its longest line is at most.

    Formats differ in what ends a line, and a text in no known encoding is shown by its bytes.
    """
    texts = [content.decode(each, "replace") for each in ("utf-8-sig", "utf-16", "latin-1")]
    lines = max(len(_LINE_BREAK.split(text)) for text in texts)
    if b"\0" in content:
        # A parser of XML may see line ends in other places.
        return lines, len(content)
    return lines, max(len(line) for text in texts for line in text.split("\n"))
