"""The mark by which a job of the service is matched to its launch, and how it is found in a log.

The service lists jobs without their inputs. A job's log, though, repeats the whole graph or chain in base64, so a
line that we add to it comes back: an XML comment in a graph, the `name` of a chain that has none of its own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import string
from collections.abc import Iterable, Iterator

from msgspec import Struct

_MARK = re.compile(r"eocanvas-apply ([0-9a-f]{32}) ([0-9a-f]{16})(?![0-9a-f])")
_WRAPPED = re.compile(
    r"([A-Za-z0-9+/]{16,}(?:['\"]?\s+['\"]?[A-Za-z0-9+/]{16,})*)(['\"]?\s+['\"]?[A-Za-z0-9+/]{1,15})?"
)
# One at a time: a log of millions of short lines takes no memory for them.
_LINE = re.compile(r"[^\n\r]*(?:\r\n|[\n\r]|\Z)")
_BETWEEN = re.compile(r"[\s'\"]+")
_ALPHABET = "".join((string.ascii_letters, string.digits, "+/"))
_FRAGMENT = 16


class Mark(Struct, frozen=True, order=True):
    """`intent` is the launch (32 hex digits), `target` a digest of project and address (16 hex digits)."""

    intent: str
    target: str

    def __str__(self) -> str:
        return f"eocanvas-apply {self.intent} {self.target}"


def mark_for(intent: str, project: str, address: str) -> Mark:
    """Return the mark of a launch: its random intent, and the first 16 hex of SHA-256(project/address)."""
    return Mark(intent, hashlib.sha256(f"{project}/{address}".encode()).hexdigest()[:16])


def marks_in(text: str) -> frozenset[Mark]:
    """Return every mark in a text, also those inside base64, whole or wrapped over several lines or messages."""
    return marks_among([text, *decoded_runs(text)])


def marks_among(texts: Iterable[str]) -> frozenset[Mark]:
    """Return every mark that stands as it is in one of the texts."""
    return frozenset(Mark(*found) for text in texts for found in _MARK.findall(text))


def decoded_runs(text: str) -> Iterator[str]:
    """Yield the base64 of a text decoded (as Latin-1, to keep every byte), each run from each possible start.

    A run may be broken by white space, by quotes, by an escaped line break, or by the beginning of a log line.
    """
    cleaned = text.replace("\\n", "\n").replace("\\r", "\n").replace("\\/", "/")
    runs = set(_runs_at_line_ends(cleaned))
    for found in _WRAPPED.finditer(cleaned):
        # A short last piece may be the rest of the run, or the next word.
        runs |= {_BETWEEN.sub("", found[1]), _BETWEEN.sub("", found[0])}
    for run in sorted(runs):
        for start in range(4):
            yield _decoded(run[start:])


def _runs_at_line_ends(text: str) -> Iterator[str]:
    run = ""
    for found in _LINE.finditer(text):
        if not run and found.end() - found.start() < _FRAGMENT:
            continue
        piece = _at_end(found[0])
        run += piece.rstrip("=")
        if len(piece) < _FRAGMENT or piece.endswith("="):
            if len(run) >= _FRAGMENT:
                yield run
            run = ""


def _at_end(line: str) -> str:
    """Return the base64 with which a line ends, without a quote and white space behind it."""
    bare = line.rstrip()
    bare = bare[:-1] if bare.endswith(("'", '"')) else bare
    digits = bare.rstrip("=")
    begin = len(digits.rstrip(_ALPHABET))
    return bare[begin:] if begin < len(digits) >= len(bare) - 2 else ""


def _decoded(run: str) -> str:
    # One character left over is 6 bits, no byte: what was cut off there cannot be known.
    whole = run[:-1] if len(run) % 4 == 1 else run
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")
    except binascii.Error:
        return ""
