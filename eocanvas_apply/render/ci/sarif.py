"""SARIF 2.1.0, the format of static analysis that GitHub code scanning, Azure DevOps and editors read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from eocanvas_apply import __version__
from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.render.ci.finding import Finding, Report
from eocanvas_apply.render.layout import printable

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"
_DRIVE = re.compile(r"[A-Za-z]:/")


def sarif_log(report: Report) -> dict[str, object]:
    """Return the log of one run, with the rules that it found something about."""
    rules = sorted({each.diagnostic.code for each in report.findings})
    run = {
        "tool": {"driver": {"name": "eocanvas-apply", "version": __version__, "rules": list(map(_rule, rules))}},
        "automationDetails": {"id": f"eocanvas-apply/{report.command}/"},
        "invocations": [{"executionSuccessful": report.exit == 0, "exitCode": report.exit}],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the sources."}}},
        "results": [_result(each, rules) for each in report.findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str) -> dict[str, object]:
    # Imported late: a run without findings does not read the registry.
    from eocanvas_apply.checks.codes import codes

    if (code := codes().get(name)) is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": code.about.partition(". ")[0].removesuffix(".") + "."},
        "fullDescription": {"text": code.about},
        "help": {"text": f"{code.about} For more: eocanvas-apply explain {name}"},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(found: Finding, rules: Sequence[str]) -> dict[str, object]:
    return {
        "ruleId": found.diagnostic.code,
        "ruleIndex": rules.index(found.diagnostic.code),
        "level": _LEVELS[found.severity],
        "message": {"text": found.text},
        # GitHub refuses a result without a place.
        "locations": [_location(found)],
        "partialFingerprints": {"eocanvasApply/v1": found.identity},
    }


def _location(found: Finding) -> dict[str, object]:
    region = {"startLine": found.line, **({"startColumn": found.column} if found.column else {})}
    place: dict[str, object] = {"physicalLocation": {"artifactLocation": _artifact(found.file), "region": region}}
    if address := found.diagnostic.address:
        place["logicalLocations"] = [{"fullyQualifiedName": printable(address)}]
    return place


def _artifact(file: str) -> dict[str, object]:
    """Return the address of a file, percent-encoded; only one below the root is relative to it."""
    path = file.encode("utf-8", "surrogateescape")
    if file.startswith("/") or _DRIVE.match(file):
        slashes = "" if file.startswith("//") else "//" if file.startswith("/") else "///"
        return {"uri": f"file:{slashes}{quote(path, safe='/:')}"}
    return {"uri": quote(path)} if file.startswith("../") else {"uri": quote(path), "uriBaseId": _ROOT}
