"""The names that a graph leaves open against those that the job and the service fill in.

SNAP substitutes `$name` and `${name}`. Without braces a name runs on over dots and hyphens, so `$output.nc` is another
name than `output`; and of `${a}${b}` the second is not seen. What is not filled in stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.checks.case import OUTPUT, GraphCase
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.graph import Placeholder

_FILE_OR_REGION = re.compile(r"(?i)(file|files|dir|path|paths|region|wkt|polygon|shape)$")
_LEADING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def inputs_named(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield inputs that the graph never names."""
    named = case.filled.placeholders
    for name in case.job.inputs:
        if name not in named and name != OUTPUT:
            open_names = named - case.names - {OUTPUT}
            hint = did_you_mean(name, open_names) or f"write ${name} where the graph shall read it"
            found = error("input-not-in-graph", f"the graph never names the input {name}", hint)
            yield case.in_manifest(found, "inputs", name, at_name=True)


def params_named(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield params that the graph has no place for."""
    for name in case.job.params:
        if name not in case.graph.placeholders:
            hint = did_you_mean(name, case.graph.placeholders - case.names)
            found = warning("param-not-in-graph", f"the graph has no ${name} or ${{{name}}} to fill in", hint)
            yield case.in_manifest(found, "params", name, at_name=True)


def open_names(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield placeholders that nothing fills in; errors where a file or region is wanted and nothing else stands."""
    for each in case.filled.found_placeholders:
        if not each.whole or each.name in case.names:
            continue
        alone = each.text.strip() == each.written and _FILE_OR_REGION.search(each.element.tag)
        if alone or not each.written.startswith("${"):
            known = {*case.job.inputs, *case.job.params, OUTPUT}
            hint = did_you_mean(each.name, known) or f"give the job an input or a param called {each.name}"
            severity = error if alone else warning
            found = severity("placeholder-open", f"nothing fills in {each.written}", hint)
            yield case.at(found, each.position)


def not_substituted(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield placeholders that look like a known name and are none to SNAP."""
    for each in case.filled.found_placeholders:
        if not each.whole and not each.written.startswith("${"):
            leading = _LEADING_NAME.match(each.name)
            name = leading[0] if leading else ""
            if name in case.names or name in case.job.params:
                message = f"SNAP reads {each.written} as one name and does not fill it in"
                yield _not_filled(case, each, message, f"write ${{{name}}}{each.name[len(name) :]}")
        elif each.name in case.names and each.written.startswith("${") and _follows_another(case, each):
            message = f"SNAP does not fill in {each.written} directly behind another ${{...}}"
            yield _not_filled(case, each, message, "put a character between them, such as / or _")


def _follows_another(case: GraphCase, each: Placeholder) -> bool:
    before = (other for other in case.filled.found_placeholders if other.element is each.element)
    return any(other.start + len(other.written) == each.start and other.text == each.text for other in before)


def _not_filled(case: GraphCase, each: Placeholder, message: str, hint: str) -> Diagnostic:
    # In an expression it may be meant: $product.band is no placeholder.
    severity = error if _FILE_OR_REGION.search(each.element.tag) else warning
    return case.at(severity("placeholder-not-filled", message, hint), each.position)


RULES = (inputs_named, params_named, open_names, not_substituted)
