"""Workflow commands of GitHub Actions: each is an annotation of a file in the pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.render.ci.finding import Finding, Report
from eocanvas_apply.render.layout import counted, printable

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
# GitHub shows ten of each level for one step, and drops the others without a word.
_SHOWN = 10


def workflow_commands(report: Report) -> str:
    """Return a line a finding: at most ten of each level, the last of which counts the rest."""
    lines: list[str] = []
    for severity in Severity:
        lines += _level(severity, [each for each in report.findings if each.severity is severity])
    return "".join(f"{line}\n" for line in lines)


def _level(severity: Severity, findings: Sequence[Finding]) -> Iterable[str]:
    whole = len(findings) <= _SHOWN
    yield from map(_command, findings if whole else findings[: _SHOWN - 1])
    if not whole:
        number = sum(each.diagnostic.more or 1 for each in findings[_SHOWN - 1 :])
        rest = f"and {counted(number, f'more {_LEVELS[severity]}')}; --format text shows them"
        yield f"::{_LEVELS[severity]} title=eocanvas-apply::{rest}"


def _command(found: Finding) -> str:
    place = found.diagnostic.position
    properties = {"title": found.diagnostic.code}
    if place:
        properties = {"file": found.file, "line": str(place.line), "col": str(place.column), **properties}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[found.severity]} {written}::{_data(found.text)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
