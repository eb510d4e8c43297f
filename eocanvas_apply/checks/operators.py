"""Operators and parameters against a catalogue of SNAP, which is older than the service: mostly hints.

The catalogue holds the operators of about SNAP 8 with the XML names of SNAP 10; the service runs SNAP 10.0.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct

from eocanvas_apply.checks.case import GraphCase
from eocanvas_apply.checks.graph_rules import operator
from eocanvas_apply.diagnostics import Diagnostic, Suggestions, error, warning
from eocanvas_apply.documents.xml_tree import Element

Facts = dict[str, Any]
Catalogue = dict[str, dict[str, Facts]]

_FORMAT = "formatName"
# Formats of later releases of SNAP, which the catalogue does not have.
_LATER_FORMATS: Mapping[str, Sequence[str]] = {
    "Read": ("EnMAP L1B/L1C/L2A", "GDAL-COG-READER", "NISAR", "SENTINEL-1 ETAD", "STAC", "Sen3_DDDB"),
    "Write": ("GDAL-COG-WRITER", "STAC"),
}
_INT = re.compile(r"[-+]?[0-9]{1,10}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# What SNAP compares of a value: numbers as numbers, which no other text is, and text by case. It looks a format up in
# any case, and finds no reader or writer for any other.
_READ: dict[str, Callable[[str], object]] = {
    "int": lambda text: int(text) if _INT.fullmatch(text.strip()) else None,
    "float": lambda text: float(text) if _FLOAT.fullmatch(text.strip()) else None,
    "boolean": lambda text: text.strip().lower(),
    "format": lambda text: text.strip().lower(),
    "text": str.strip,
}


@cache
def catalogue() -> Catalogue:
    """Return operators by name, each with its parameters by name.

    Of a parameter there are `alias` (its XML name), `values`, `default`, `since`, and the `type` of its values where
    that is not text: `int`, `float` or `boolean`.
    """
    text = files("eocanvas_apply.checks").joinpath("data/snap-operators.json").read_text(encoding="utf-8")
    operators: Catalogue = json.loads(text)["operators"]
    return operators


def known_operators(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield operators that the catalogue does not have."""
    suggestions = Suggestions()
    for node in case.graph.nodes:
        name = operator(node)
        if name and name.lower() not in _by_lower_name():
            hint = suggestions.near(name, catalogue()) or "ignore this if the service has it"
            found = warning("unknown-operator", f"{name[:60]} is not a known operator", hint)
            yield case.at(found, (node.child("operator") or node).position)


def known_parameters(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield parameters that an operator of the catalogue does not have."""
    suggestions = Suggestions()
    for name, parameter in _parameters(case):
        known = _by_xml_name(name)
        if parameter.tag not in known:
            hint = suggestions.near(parameter.tag, known) or "ignore this if the service has it"
            found = warning("unknown-parameter", f"{name} has no parameter {parameter.tag[:60]}", hint)
            yield case.at(found, parameter.position)


def known_values(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield values outside the set that the catalogue has for them; errors only for formats to write, and slips."""
    suggestions = Suggestions()
    for name, parameter in _parameters(case):
        values, text = _value_set(name, parameter.tag), parameter.text.strip()
        if values is None or parameter.children or not text or "$" in text or values.holds(text):
            continue
        near = suggestions.near(text, values.texts)
        is_format = parameter.tag == _FORMAT
        found = _unknown_format(name, text, near) if is_format else _unknown_value(parameter.tag, text, near, values)
        yield case.at(found, parameter.position)


def _unknown_format(operator_name: str, text: str, near: str) -> Diagnostic:
    # Each release of SNAP reads more formats, while those that it writes hardly change.
    is_typo = bool(near) or operator_name != "Read"
    hint = near or ("" if is_typo else "ignore this if the service has it")
    return (error if is_typo else warning)("unknown-format", f"{text[:60]} is not a known format", hint)


def _unknown_value(parameter: str, text: str, near: str, values: _ValueSet) -> Diagnostic:
    known = f"known are {', '.join(values.texts)}" if len(values.texts) <= 8 else ""
    return warning("parameter-value", f"{text[:60]} is not a known value of {parameter}", near or known)


class _ValueSet(Struct, frozen=True):
    """The values that a parameter may have, as texts and as SNAP compares them."""

    texts: Sequence[str]
    read: Callable[[str], object]
    known: frozenset[object]

    def holds(self, text: str) -> bool:
        """Whether SNAP takes a text for one of the values, or for several of them with commas between."""
        return self.read(text) in self.known or all(self.read(part) in self.known for part in text.split(","))


@cache
def _value_set(operator_name: str, parameter: str) -> _ValueSet | None:
    facts = _by_xml_name(operator_name).get(parameter, {})
    texts = [*facts.get("values", ()), *(_LATER_FORMATS.get(operator_name, ()) if parameter == _FORMAT else ())]
    if not texts:
        return None
    read = _READ["format" if parameter == _FORMAT else facts.get("type", "text")]
    return _ValueSet(texts, read, frozenset(read(part) for text in texts for part in (text, *text.split(","))))


def _parameters(case: GraphCase) -> Iterator[tuple[str, Element]]:
    """Yield the parameters of all nodes whose operator is known, with the operator's name."""
    for node in case.filled.nodes:
        block, name = node.child("parameters"), _by_lower_name().get(operator(node).lower())
        if block and name:
            yield from ((name, parameter) for parameter in block.children)


@cache
def _by_lower_name() -> dict[str, str]:
    """Return the operators of the catalogue by name in lower case: SNAP finds them in any."""
    return {name.lower(): name for name in catalogue()}


@cache
def _by_xml_name(name: str) -> dict[str, Facts]:
    parameters = catalogue().get(name, {})
    aliases = {str(facts["alias"]): facts for facts in parameters.values() if "alias" in facts}
    if "sourceBandNames" in parameters:
        # So it is called in graphs, also where the catalogue has no XML name for it.
        aliases["sourceBands"] = parameters["sourceBandNames"]
    return {**parameters, **aliases}


RULES = (known_operators, known_parameters, known_values)
