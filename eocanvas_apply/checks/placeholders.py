"""The names that a graph leaves open against those that the job and the service fill in.

SNAP substitutes `$name` and `${name}`. Without braces a dot belongs to a name, so `$output.nc` is another name than
`output`; and of `${a}${b}` the second is not seen. What is not filled in stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.checks.case import GraphCase
from eocanvas_apply.diagnostics import Diagnostic, Suggestions, error, warning
from eocanvas_apply.documents.graph import OUTPUT
from eocanvas_apply.documents.graph_placeholders import Placeholder
from eocanvas_apply.documents.node_sources import sources_of
from eocanvas_apply.errors import ManifestError

_FILE_OR_REGION = re.compile(r"(?i)(file|files|filelist|folder|dir|path|paths|region|wkt|wktaoi|polygon|shape)$")
_LEADING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def inputs_named(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield inputs that the graph never names."""
    named, suggestions = case.filled.placeholders, Suggestions()
    if not case.graph.nodes:
        return
    open_names = named - case.names
    for name in case.job.inputs:
        if name not in named and name != OUTPUT:
            hint = suggestions.near(name, open_names) or f"write ${name} where the graph shall read it"
            found = error("input-not-in-graph", f"the graph never names the input {name}", hint)
            yield case.in_manifest(found, "inputs", name, at_name=True)


def params_named(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield params that the graph has no place for."""
    named, suggestions = case.graph.param_names, Suggestions()
    if not case.graph.nodes:
        return
    free = named - case.names
    for name in case.job.params:
        if name not in named:
            hint = suggestions.near(name, free)
            found = warning("param-not-in-graph", f"the graph has no ${name} or ${{{name}}} to fill in", hint)
            yield case.in_manifest(found, "params", name, at_name=True)


def filled_size(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield params that make the graph too large."""
    try:
        case.graph.fill(case.job.params)
    except ManifestError as refusal:
        yield from (case.in_manifest(found, "params", at_name=True) for found in refusal.diagnostics)


def open_names(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield placeholders that nothing fills in; errors where a file or region is wanted and nothing else stands."""
    known, suggestions = {*case.job.inputs, *case.job.params, OUTPUT}, Suggestions()
    # gpt fills in names of sources only for files on its command line, and the service gives it parameters.
    sources = {id(source.element) for node in case.filled.nodes for source in sources_of(node)}
    for each in case.filled.found_placeholders:
        if not each.whole or each.name in case.names:
            continue
        alone, is_source = each.alone and _FILE_OR_REGION.search(each.element.tag), id(each.element) in sources
        if alone or not each.braces or is_source:
            advice = (
                "write the id of the node that reads the file"
                if is_source
                else f"give the job an input or a param called {each.name[:60]}"
            )
            severity = error if alone else warning
            hint = suggestions.near(each.name, known) or advice
            yield case.at(severity("placeholder-open", f"nothing fills in {each.written}", hint), each.position)


def not_substituted(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield placeholders that look like a known name and are none to SNAP."""
    filled: Placeholder | None = None
    for each in case.filled.found_placeholders:
        # After a name in braces SNAP copies the next character, also where that is a $.
        copied = filled is not None and filled.text is each.text and filled.end == each.start
        filled = each if each.braces and each.name in case.names and not copied else None
        if copied and (each.name in case.names or each.name in case.job.params):
            message = f"SNAP does not fill in {each.written} directly behind another ${{...}}"
            yield _not_filled(case, each, message, "put a character between them, such as / or _")
        elif not each.closed:
            message = f"no }} closes {each.written[:20]}, so SNAP fills in nothing from here to the next }}"
            yield _not_filled(case, each, message, "close it with }, or remove the {")
        elif not each.whole and not each.braces:
            yield from _run_on(case, each)


def _run_on(case: GraphCase, each: Placeholder) -> Iterator[Diagnostic]:
    """Yield a name that begins with a known one, so that more was read than was meant."""
    leading = _LEADING_NAME.match(each.name.lstrip("$"))
    name = leading[0] if leading else ""
    if name in case.names or name in case.job.params:
        before, _, rest = each.written[1:].partition(name)
        hint = f"write ${{{name}}}{rest}"
        if "$" in rest:
            hint = "put a character between the names, such as / or _"
        elif before:
            hint = f"write ${{{name}}} with one $"
        yield _not_filled(case, each, f"SNAP reads {each.written} as one name and does not fill it in", hint)


def _not_filled(case: GraphCase, each: Placeholder, message: str, hint: str) -> Diagnostic:
    # In an expression it may be meant: $product.band is no placeholder.
    severity = error if _FILE_OR_REGION.search(each.element.tag) else warning
    return case.at(severity("placeholder-not-filled", message, hint), each.position)


RULES = (filled_size, inputs_named, params_named, open_names, not_substituted)
