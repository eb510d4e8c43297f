"""The one place where `checks: {code: severity}` takes effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from eocanvas_apply.checks.case import ManifestCase
from eocanvas_apply.checks.registry import ADJUSTABLE
from eocanvas_apply.diagnostics import Diagnostic, Severity, did_you_mean, error
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.manifest import Manifest


def adjusted(found: Iterable[Diagnostic], manifest: Manifest) -> Iterator[Diagnostic]:
    """Yield findings with the severities that the manifest sets; what a job says of its own goes first."""
    of_jobs = {str(Address.job(name)): job.checks for name, job in manifest.jobs.items()}
    for each in found:
        chosen = _chosen(each, of_jobs.get(each.address or "", {}), manifest.checks)
        yield each if chosen is None else replace(each, severity=chosen)


def unknown_checks(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield codes under `checks:` whose severity nobody can set."""
    manifest = case.manifest
    places = [(("checks",), manifest.checks), *((("jobs", n, "checks"), j.checks) for n, j in manifest.jobs.items())]
    for path, checks in places:
        for code in checks:
            if code not in ADJUSTABLE:
                hint = did_you_mean(code, ADJUSTABLE) or f"these can be set: {', '.join(sorted(ADJUSTABLE))}"
                found = error("unknown-check", f"the severity of `{code[:60]}` cannot be set", hint)
                yield case.place(found, *path, code, at_name=True)


def _chosen(found: Diagnostic, *checks: Mapping[str, Severity]) -> Severity | None:
    if found.code not in ADJUSTABLE:
        return None
    return next((each[found.code] for each in checks if found.code in each), None)
