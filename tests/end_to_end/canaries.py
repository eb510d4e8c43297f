"""Secrets that can be recognised everywhere, whole or in part, plain or encoded."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# A part of this length is already a leak.
_TELLING = 10


@dataclass(frozen=True)
class Canary:
    """A secret that stands for `what`.

    Its core is letters and digits, which no quoting, escaping or URL encoding changes; around it stands what they do
    change, so that a text that went through them is met as well.
    """

    what: str
    core: str
    before: str = "\"\\/'"
    after: str = " é+%&=$}"

    @classmethod
    def drawn(cls, what: str) -> Canary:
        return cls(what, "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24)))

    @property
    def value(self) -> str:
        return f"{self.before}{self.core}{self.after}"

    @property
    def traces(self) -> frozenset[bytes]:
        """Return what must not be found anywhere."""
        starts = range(len(self.core) - _TELLING + 1)
        parts = {self.core[start : start + _TELLING].encode() for start in starts}
        digests = {hashlib.new(name, self.value.encode()).hexdigest().encode() for name in ("sha256", "sha1", "md5")}
        return frozenset(parts | digests | set(_in_base64(self.core)) | {self.core.encode().hex().encode()})

    def found_in(self, content: bytes) -> bool:
        return any(trace in content for trace in self.traces)


def _in_base64(core: str) -> Iterator[bytes]:
    # Behind 0, 1 or 2 other bytes the same text looks different; what depends on its neighbours is cut off.
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + core.encode())
        yield text[4 if shift else 0 : -4]


def leaks(canaries: Iterable[Canary], places: Iterable[Path], said: Iterable[str]) -> list[str]:
    """Return where a canary is found: in files below `places`, their names, or printed texts."""
    files = [path for place in places for path in sorted(place.rglob("*"))]
    contents = [(str(path), path.read_bytes() + str(path).encode()) for path in files if path.is_file()]
    contents += [(f"output: {text}", text.encode("utf-8", "surrogateescape")) for text in said]
    return [
        f"{canary.what} in {place}" for canary in canaries for place, content in contents if canary.found_in(content)
    ]
