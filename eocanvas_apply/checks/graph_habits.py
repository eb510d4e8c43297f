"""What a graph brings along from the desktop that it was drawn on, and what PixEx needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eocanvas_apply.checks.case import GraphCase
from eocanvas_apply.checks.graph_structure import operator
from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.documents.xml_tree import Element

_DESKTOP = re.compile(r"[A-Za-z]:\\|/home/|/Users/")
_OF_MANY_FILES = ("BEAM-DIMAP", "ENVI")


def desktop_paths(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield paths of a single computer; the file of the node called Write is replaced anyway."""
    for node in case.filled.nodes:
        for element in node.walk():
            replaced = node.attributes.get("id") == "Write" and element.tag == "file"
            if not replaced and not element.children and _DESKTOP.search(element.text):
                hint = "write $NAME of an input, or ${output}/NAME"
                found = warning("desktop-path", "this path does not exist where the graph runs", hint)
                yield case.at(found, element.text_position)


def formats_of_many_files(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield writers of formats that make several files of one result."""
    for node in case.filled.nodes:
        if operator(node) != "Write":
            continue
        chosen = _parameter(node, "formatName")
        name = chosen.text.strip() if chosen else _OF_MANY_FILES[0]
        if name in _OF_MANY_FILES:
            hint = "write one file: NetCDF4-CF, NetCDF4-BEAM or GeoTIFF"
            found = warning("format-of-many-files", f"{name} makes several files of one result", hint)
            yield case.at(found, (chosen or node).position)


def coordinates(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield PixEx nodes without a coordinate."""
    for node in case.filled.nodes:
        given = _parameter(node, "coordinates")
        others = (_parameter(node, "coordinatesFile"), _parameter(node, "matchupFile"))
        if operator(node) != "PixEx" or given is None or given.children or given.text.strip():
            continue
        if not any(other is not None and other.text.strip() for other in others):
            found = error(
                "pixex-without-coordinates", "PixEx has no coordinate to look at", "add <coordinate> elements"
            )
            yield case.at(found, given.position)


def _parameter(node: Element, name: str) -> Element | None:
    block = node.child("parameters")
    return block.child(name) if block else None
