"""Every rule over a manifest, its graphs and its chains, and the severities that `checks:` sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from eocanvas_apply.checks import (
    chain_rules,
    graph_habits,
    graph_structure,
    job_rules,
    key_rules,
    operators,
    placeholders,
    storage_rules,
)
from eocanvas_apply.checks.case import (
    ChainCase,
    GraphCase,
    Instances,
    ManifestCase,
    chain_cases,
    graph_cases,
    row_cases,
)
from eocanvas_apply.checks.codes import codes, is_adjustable
from eocanvas_apply.diagnostics import Diagnostic, Severity, did_you_mean, error
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.graphs_and_chains import GraphsAndChains
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.manifest import Manifest

MANIFEST_RULES: tuple[Callable[[ManifestCase], Iterator[Diagnostic]], ...] = (
    key_rules.lifetime,
    key_rules.sealed_size,
    key_rules.fixed_names,
    key_rules.endpoints,
    storage_rules.not_for_input,
    storage_rules.not_for_output,
    job_rules.download_folders,
    job_rules.input_names,
    job_rules.archives,
    storage_rules.listable,
)
GRAPH_RULES: tuple[Callable[[GraphCase], Iterator[Diagnostic]], ...] = (
    graph_structure.skeleton,
    graph_structure.node_names,
    graph_structure.sources,
    graph_structure.cycles,
    graph_structure.something_written,
    graph_structure.dead_ends,
    placeholders.inputs_named,
    placeholders.params_named,
    placeholders.open_names,
    placeholders.not_substituted,
    operators.known_operators,
    operators.known_parameters,
    operators.known_values,
    graph_habits.desktop_paths,
    graph_habits.formats_of_many_files,
    graph_habits.coordinates,
)
CHAIN_RULES: tuple[Callable[[ChainCase], Iterator[Diagnostic]], ...] = (
    chain_rules.fields,
    chain_rules.shapes,
    chain_rules.region,
    chain_rules.resampling,
    chain_rules.seen_values,
)


def check(loaded: LoadedManifest, documents: GraphsAndChains) -> list[Diagnostic]:
    """Return all diagnostics: those of loading and of the graphs and chains, and what the rules find.

    Severities are those that the manifest sets. A graph that several jobs use is reported once.
    """
    found = [*loaded.diagnostics, *documents.diagnostics]
    if loaded.manifest is None:
        return found
    manifest = ManifestCase(loaded, loaded.manifest)
    found += unknown_checks(manifest)
    for rule in MANIFEST_RULES:
        found += rule(manifest)
    for graph in graph_cases(loaded, documents):
        found += _by_rules(graph)
    for chain in chain_cases(loaded, documents):
        found += _by_rules(chain)
    return list(_once(adjusted(found, loaded.manifest)))


def check_rows(loaded: LoadedManifest, documents: GraphsAndChains, instances: Instances) -> list[Diagnostic]:
    """Return the diagnostics of the graphs and chains that only rows of campaigns name, each reported once."""
    found = [each for case in row_cases(loaded, documents, instances) for each in _by_rules(case)]
    return list(_once(adjusted(found, loaded.manifest))) if loaded.manifest else []


def _by_rules(case: GraphCase | ChainCase) -> Iterator[Diagnostic]:
    if isinstance(case, GraphCase):
        for graph_rule in GRAPH_RULES:
            yield from graph_rule(case)
    else:
        for chain_rule in CHAIN_RULES:
            yield from chain_rule(case)


def _once(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    seen: set[object] = set()
    for each in found:
        same = (each.code, each.severity, each.message, each.position)
        if each.position is None or same not in seen:
            yield each
        seen.add(same)


def adjusted(found: Iterable[Diagnostic], manifest: Manifest) -> Iterator[Diagnostic]:
    """Yield diagnostics with the severities that the manifest sets; those of a job win over those of the manifest."""
    of_jobs = {str(Address.job(name)): job.checks for name, job in manifest.jobs.items()}
    for each in found:
        chosen = _chosen(each.code, of_jobs.get(each.address or "", {}), manifest.checks)
        yield each if chosen is None else replace(each, severity=chosen)


def unknown_checks(case: ManifestCase) -> Iterator[Diagnostic]:
    """Yield codes under `checks:` whose severity cannot be changed."""
    manifest = case.manifest
    places = [(("checks",), manifest.checks), *((("jobs", n, "checks"), j.checks) for n, j in manifest.jobs.items())]
    for path, checks in places:
        for code in checks:
            if not is_adjustable(code):
                adjustable = [each.name for each in codes().values() if each.adjustable]
                hint = did_you_mean(code, adjustable) or f"these can be changed: {', '.join(adjustable)}"
                found = error("unknown-check", f"the severity of `{code[:60]}` cannot be changed", hint)
                yield case.place(found, *path, code, at_name=True)


def _chosen(code: str, *checks: Mapping[str, Severity]) -> Severity | None:
    chosen = next((each[code] for each in checks if code in each), None)
    return chosen if chosen and is_adjustable(code) else None
