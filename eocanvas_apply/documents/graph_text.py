"""The text of a graph's file: UTF-8, whatever its first line declares, as gpt reads it.

An older file in another encoding is read as it declares, else as Windows writes it, with a warning: what is sent is
ASCII, so nothing of it is lost at the service, while gpt itself would read other characters.
"""

from __future__ import annotations

import re

from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.documents.source_lines import SourceLines
from eocanvas_apply.errors import ManifestError

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_OTHER = re.compile(r"(?i)iso[-_]?8859[-_][0-9]{1,2}|latin[-_]?1|(?:windows-|cp)125[0-8]")
# Of editors that save without asking; it has no character for a few bytes.
_WINDOWS = "windows-1252"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def decoded(raw: bytes, file: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return the text and what is to be said of its encoding; raise ManifestError when it cannot be read."""
    try:
        return raw.decode("utf-8-sig"), ()
    except UnicodeDecodeError as problem:
        at = problem.start
    encoding = _other_encoding(raw)
    try:
        text = raw.decode(encoding)
    except (UnicodeError, LookupError):
        found = error("graph-syntax", f"the graph is not UTF-8: byte 0x{raw[at]:02X}", "save the file as UTF-8")
        place = _placed(found, raw[:at].decode(), raw.decode("utf-8", "replace"), file)
        raise ManifestError(place) from None
    message = f"the graph is not UTF-8: byte 0x{raw[at]:02X}; it is read as {encoding}"
    found = warning("graph-encoding", message, "save the file as UTF-8; gpt ignores the encoding that a graph declares")
    return text, (_placed(found, raw[:at].decode(encoding), text, file),)


def _other_encoding(raw: bytes) -> str:
    if raw.startswith(_UTF_16_MARKS):
        return "utf-16"
    declared = _DECLARED.match(raw)
    name = declared[1].decode() if declared else ""
    return name if _OTHER.fullmatch(name) else _WINDOWS


def _placed(found: Diagnostic, before: str, text: str, file: str) -> Diagnostic:
    place = SourceLines(before, file).end
    return found.at(place, SourceLines(text, file).around(place))
