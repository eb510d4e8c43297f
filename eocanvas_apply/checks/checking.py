"""Every rule over a manifest, its graphs and its chains, and the severities that `checks:` sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from eocanvas_apply.checks import search_regions
from eocanvas_apply.checks.case import ChainCase, GraphCase, Instances, ManifestCase, cases, filled_chains, row_cases
from eocanvas_apply.checks.codes import codes, is_adjustable
from eocanvas_apply.diagnostics import Diagnostic, Severity, Suggestions, error, fault_of, limited
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.graphs_and_chains import GraphsAndChains
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.manifest import Manifest


def rules(case: ManifestCase | GraphCase | ChainCase) -> Sequence[Callable[[Any], Iterator[Diagnostic]]]:
    """Return the rules over a case; those of graphs and of chains are imported where the manifest has one."""
    if isinstance(case, ManifestCase):
        from eocanvas_apply.checks import key_rules, manifest_rules

        return (*key_rules.RULES, *manifest_rules.RULES)
    if isinstance(case, GraphCase):
        from eocanvas_apply.checks import graph_rules, operators, placeholders

        return (*graph_rules.RULES, *placeholders.RULES, *operators.RULES, search_regions.of_graphs)
    from eocanvas_apply.checks import chain_rules

    return (*chain_rules.RULES, search_regions.of_chains)


def check(loaded: LoadedManifest, documents: GraphsAndChains) -> list[Diagnostic]:
    """Return all diagnostics: those of loading and of the graphs and chains, and what the rules find.

    Severities are those that the manifest sets. A graph that several jobs use is reported once.
    """
    found = [*loaded.diagnostics, *documents.diagnostics]
    if loaded.manifest is None:
        return limited(found)
    manifest = ManifestCase(loaded, loaded.manifest)
    found += _unknown_checks(manifest)
    for case in (manifest, *cases(loaded, documents)):
        found += _by_rules(case)
    return limited(_once(adjusted(found, loaded.manifest)))


def check_rows(loaded: LoadedManifest, documents: GraphsAndChains, instances: Instances) -> list[Diagnostic]:
    """Return the diagnostics of what only rows of campaigns name or fill in, each reported once."""
    found = [each for case in row_cases(loaded, documents, instances) for each in _by_rules(case)]
    found += _of_filled_chains(loaded, documents, instances)
    found += search_regions.of_rows(loaded, instances)
    return limited(_once(adjusted(found, loaded.manifest))) if loaded.manifest else []


def _of_filled_chains(loaded: LoadedManifest, documents: GraphsAndChains, instances: Instances) -> Iterator[Diagnostic]:
    """Yield the faults of chains that rows fill in, but those that stand in the manifest or the file itself."""
    known = {_place(each) for case in cases(loaded, documents) for each in _by_rules(case)}
    first: dict[object, tuple[Diagnostic, str]] = {}
    for row, case in filled_chains(loaded, documents, instances):
        for each in _by_rules(case):
            if _place(each) not in known:
                first.setdefault((fault_of(each), each.position), (each, row))
    for found, row in first.values():
        own = found.position is not None and found.position.file not in loaded.text.files
        yield found if own else replace(found, message=f"{found.message} (first in the row `{row[:60]}`)")


def _place(found: Diagnostic) -> object:
    return found.code, found.message, found.position


def _by_rules(case: ManifestCase | GraphCase | ChainCase) -> Iterator[Diagnostic]:
    return (found for rule in rules(case) for found in rule(case))


def _once(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    seen: set[object] = set()
    for each in found:
        same = (each.code, each.severity, each.message, each.position)
        if each.position is None or same not in seen:
            yield each
        seen.add(same)


def adjusted(found: Iterable[Diagnostic], manifest: Manifest) -> Iterator[Diagnostic]:
    """Yield diagnostics with the severities that the manifest sets; those of a job win over those of the manifest.

    An error whose severity may be set, and is not, says how.
    """
    of_jobs = {str(Address.job(name)): job.checks for name, job in manifest.jobs.items()}
    for each in found:
        chosen = of_jobs.get(each.address or "", {}).get(each.code) or manifest.checks.get(each.code)
        is_error = each.severity is Severity.ERROR
        # The table of codes takes 10 ms to read; for most findings it does not matter what it says.
        if not (chosen or is_error) or not is_adjustable(each.code):
            yield each
        elif chosen:
            yield replace(each, severity=chosen)
        else:
            yield replace(each, hint=_with_advice(each))


def _with_advice(found: Diagnostic) -> str:
    where = "the job or the manifest" if (found.address or "").startswith("job.") else "the manifest"
    advice = f"if the service takes it, add the line `checks: {{{found.code}: warning}}` to {where}"
    return f"{found.hint}\n{advice}" if found.hint else advice


def _unknown_checks(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield codes under `checks:` whose severity cannot be changed."""
    manifest, suggestions = case.manifest, Suggestions()
    places = [(("checks",), manifest.checks), *((("jobs", n, "checks"), j.checks) for n, j in manifest.jobs.items())]
    for path, checks in places:
        for code in checks:
            if not is_adjustable(code):
                yield case.place(_unknown_check(code, suggestions), *path, code, at_name=True)


def _unknown_check(code: str, suggestions: Suggestions) -> Diagnostic:
    adjustable = [each.name for each in codes().values() if each.adjustable]
    hint = suggestions.near(code, adjustable) or "the reference of diagnostics lists the codes that can be changed"
    return error("unknown-check", f"the severity of `{code[:60]}` cannot be changed", hint)
