"""The text of a file that rows are read from."""

from __future__ import annotations

from eocanvas_apply.diagnostics import Position, error
from eocanvas_apply.errors import ManifestError

# Byte order marks.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(content: bytes, file: str) -> str:
    """Return a text in UTF-8, or in UTF-16 with a byte order mark; raises ManifestError at what is neither."""
    try:
        return content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        begin = content.rfind(b"\n", 0, fault.start) + 1
        column = len(content[begin : fault.start].decode("utf-8-sig", "replace")) + 1
        found = error("file-encoding", "the text is not UTF-8", "save the file as UTF-8")
        raise ManifestError(found.at(Position(file, line, column))) from None
