"""All findings about a manifest and its documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eocanvas_apply.checks.case import (
    ChainCase,
    GraphCase,
    Instances,
    ManifestCase,
    chain_cases,
    graph_cases,
    row_cases,
)
from eocanvas_apply.checks.registry import CHAIN_RULES, GRAPH_RULES, MANIFEST_RULES
from eocanvas_apply.checks.severities import adjusted, unknown_checks
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.manifest.job_documents import Documents
from eocanvas_apply.manifest.loading import LoadedManifest


def check(loaded: LoadedManifest, documents: Documents) -> list[Diagnostic]:
    """Return everything that is to be said: what loading found, what the documents hold, and what the rules find.

    Severities are those that the manifest sets. A graph that several jobs use is spoken of once.
    """
    found = [*loaded.diagnostics, *documents.diagnostics]
    if loaded.manifest is None:
        return found
    found += _by_rules(loaded, ManifestCase(loaded, loaded.manifest), documents)
    return list(_once(adjusted(found, loaded.manifest)))


def check_rows(loaded: LoadedManifest, documents: Documents, instances: Instances) -> list[Diagnostic]:
    """Return what is to be said of the graphs and chains that only rows of campaigns name, each spoken of once."""
    found: list[Diagnostic] = []
    for case in row_cases(loaded, documents, instances):
        found += _of_graph(case) if isinstance(case, GraphCase) else _of_chain(case)
    return list(_once(adjusted(found, loaded.manifest))) if loaded.manifest else []


def _by_rules(loaded: LoadedManifest, manifest: ManifestCase, documents: Documents) -> Iterator[Diagnostic]:
    yield from unknown_checks(manifest)
    for rule in MANIFEST_RULES:
        yield from rule(manifest)
    for graph in graph_cases(loaded, documents):
        yield from _of_graph(graph)
    for chain in chain_cases(loaded, documents):
        yield from _of_chain(chain)


def _of_graph(case: GraphCase) -> Iterator[Diagnostic]:
    for rule in GRAPH_RULES:
        yield from rule(case)


def _of_chain(case: ChainCase) -> Iterator[Diagnostic]:
    for rule in CHAIN_RULES:
        yield from rule(case)


def _once(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    seen: set[object] = set()
    for each in found:
        same = (each.code, each.severity, each.message, each.position)
        if each.position is None or same not in seen:
            yield each
        seen.add(same)
