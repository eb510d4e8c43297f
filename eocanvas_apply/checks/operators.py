"""Operators and parameters against a catalogue of SNAP, which is older than the service: mostly hints.

The catalogue holds the operators of about SNAP 8 with the XML names of SNAP 10; the service runs SNAP 10.0.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from eocanvas_apply.checks.case import GraphCase
from eocanvas_apply.checks.graph_rules import operator
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.xml_tree import Element

Catalogue = dict[str, dict[str, dict[str, Any]]]


@cache
def catalogue() -> Catalogue:
    """Return operators by name, each with its parameters by name: `alias` (XML name), `values`, `default`, `since`."""
    text = files("eocanvas_apply.checks").joinpath("data/snap-operators.json").read_text(encoding="utf-8")
    operators: Catalogue = json.loads(text)["operators"]
    return operators


def known_operators(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield operators that the catalogue does not have."""
    for node in case.graph.nodes:
        name = operator(node)
        if name and name not in catalogue():
            hint = did_you_mean(name, catalogue()) or "ignore this if the service has it"
            found = warning("unknown-operator", f"{name[:60]} is not a known operator", hint)
            yield case.at(found, (node.child("operator") or node).position)


def known_parameters(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield parameters that an operator of the catalogue does not have."""
    for node, parameter in _parameters(case):
        known = _by_xml_name(operator(node))
        if parameter.tag not in known:
            hint = did_you_mean(parameter.tag, known) or "ignore this if the service has it"
            found = warning("unknown-parameter", f"{operator(node)} has no parameter {parameter.tag[:60]}", hint)
            yield case.at(found, parameter.position)


def known_values(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield values outside the set that the catalogue has for them."""
    for node, parameter in _parameters(case):
        values = _by_xml_name(operator(node)).get(parameter.tag, {}).get("values")
        text = parameter.text.strip()
        if not values or parameter.children or not text or "$" in text or _among(text, values):
            continue
        yield case.at(_no_such_value(parameter.tag, text, values), parameter.position)


def _no_such_value(parameter: str, text: str, values: list[str]) -> Diagnostic:
    message = f"{text[:60]} is not a known value of {parameter}"
    near = did_you_mean(text, values) or (f"known are {', '.join(values)}" if len(values) <= 8 else "")
    # Formats come with plug-ins, and the service has its own.
    if parameter == "formatName":
        return warning("parameter-value", message, near)
    lower = "if the service takes it, add the line `checks: {parameter-value: warning}`"
    return error("parameter-value", message, f"{near}; {lower}" if near else lower)


def _among(text: str, values: list[str]) -> bool:
    # Some parameters take several values, separated by commas.
    known = {value.casefold() for value in values}
    return all(part.strip().casefold() in known for part in text.split(",")) or text.casefold() in known


def _parameters(case: GraphCase) -> Iterator[tuple[Element, Element]]:
    for node in case.filled.nodes:
        block = node.child("parameters")
        if block and operator(node) in catalogue():
            yield from ((node, parameter) for parameter in block.children)


def _by_xml_name(name: str) -> dict[str, dict[str, Any]]:
    parameters = catalogue().get(name, {})
    aliases = {str(facts["alias"]): facts for facts in parameters.values() if "alias" in facts}
    if "sourceBandNames" in parameters:
        # So it is called in graphs, also where the catalogue has no XML name for it.
        aliases["sourceBands"] = parameters["sourceBandNames"]
    return {**parameters, **aliases}


RULES = (known_operators, known_parameters, known_values)
