"""JUnit XML, which the test reports of GitLab, Jenkins and Azure DevOps read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.render.ci.finding import Finding, Report
from eocanvas_apply.render.diagnostics import text
from eocanvas_apply.render.layout import printable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def test_suites(report: Report) -> str:
    """Return a suite with a case for the manifest, and for each file, key or job that something was found about.

    A case fails by its errors; warnings alone are the output of one that passes.
    """
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    cases: dict[str, list[Finding]] = {report.manifest: []}
    for each in report.findings:
        cases.setdefault(each.diagnostic.address or each.file, []).append(each)
    failures = sum(has_errors(found.diagnostic for found in findings) for findings in cases.values())
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}
    root = Element("testsuites", {"name": "eocanvas-apply", **counts})
    named = {"name": f"eocanvas-apply {report.command}", **counts, "skipped": "0", "time": "0"}
    suite = SubElement(root, "testsuite", named)
    for name, findings in cases.items():
        _add_case(suite, report, printable(name), findings)
    indent(root)
    # References in place of other letters: stdout may have any encoding.
    document: bytes = tostring(root, "us-ascii", xml_declaration=True)
    return document.decode("ascii") + "\n"


def _add_case(suite: Element, report: Report, name: str, findings: Sequence[Finding]) -> None:
    from xml.etree.ElementTree import SubElement

    file = printable(findings[0].file if findings else report.manifest)
    case = SubElement(suite, "testcase", classname=f"eocanvas-apply.{report.command}", name=name, file=file, time="0")
    shown = text([each.diagnostic for each in findings])
    errors = [each for each in findings if has_errors([each.diagnostic])]
    if errors:
        more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
        failure = SubElement(case, "failure", message=errors[0].title + more, type=errors[0].diagnostic.code)
        failure.text = shown
    elif shown:
        SubElement(case, "system-out").text = shown
