"""Code Quality of GitLab: findings in the widget and the changes of a merge request."""

from __future__ import annotations

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.render.ci.finding import Finding, Report
from eocanvas_apply.render.layout import printable

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def code_quality(report: Report) -> list[dict[str, object]]:
    """Return the findings as GitLab reads them; each needs a path and a line."""
    return [_entry(each) for each in report.findings]


def _entry(found: Finding) -> dict[str, object]:
    return {
        "description": found.text,
        "check_name": found.diagnostic.code,
        "fingerprint": found.identity,
        "severity": _SEVERITIES[found.severity],
        "location": {"path": printable(found.file), "lines": {"begin": found.line}},
    }
