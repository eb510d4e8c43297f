"""What the documents for CI systems are made of: diagnostics with a file, a line and an identity."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.render.diagnostics import reported
from eocanvas_apply.render.layout import printable

# Where a message names another place of a file, which moves with the lines.
_PLACES = re.compile(r"\b(line|column) \d+|:\d+(:\d+)?\b")


class Finding(Struct, frozen=True):
    """One diagnostic of a report.

    `file` is relative to the root of the sources, with slashes. Where the diagnostic has no position, `file` is the
    manifest and `line` is 1. `identity` stays the same when lines are added above, and no other finding of the report
    has it.
    """

    diagnostic: Diagnostic
    file: str
    line: int
    identity: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.diagnostic.severity

    @property
    def column(self) -> int | None:
        """The column in characters, counted from 1; None without a position."""
        return self.diagnostic.position.column if self.diagnostic.position else None

    @property
    def title(self) -> str:
        """The message, behind the address where no position shows what it is about."""
        address = "" if self.diagnostic.position else self.diagnostic.address
        return printable(f"{address}: {self.diagnostic.message}" if address else self.diagnostic.message)

    @property
    def text(self) -> str:
        """The title and, on lines of their own, what to do."""
        return f"{self.title}\n{self.diagnostic.hint}" if self.diagnostic.hint else self.title


class Report(Struct, frozen=True):
    """What a command found: at most a hundred findings of each code in reading order, then how many more there are."""

    command: str
    exit: int
    manifest: str
    findings: Sequence[Finding]


def report(
    command: str, exit_code: int, manifest: str, diagnostics: Iterable[Diagnostic], shown: Callable[[str], str]
) -> Report:
    """Return the report of a command; `shown` makes the path of a file relative to the root of the sources."""
    seen: Counter[str] = Counter()
    findings = [_finding(each, manifest, shown, seen) for each in reported(diagnostics)]
    return Report(command, exit_code, shown(manifest), findings)


def _finding(found: Diagnostic, manifest: str, shown: Callable[[str], str], seen: Counter[str]) -> Finding:
    place = found.position
    file = shown(place.file if place else manifest)
    # The number of diagnostics that are left out changes with every edit.
    message = "" if found.more else _PLACES.sub("", found.message)
    same = "\0".join((file, found.code, found.address or "", message, (found.snippet or "").strip()))
    seen[same] += 1
    identity = hashlib.sha256(f"{same}\0{seen[same]}".encode("utf-8", "backslashreplace")).hexdigest()[:32]
    return Finding(found, file, place.line if place else 1, identity)
