"""A SNAP graph: its skeleton, that something is written, and what it brings along from the desktop it was drawn on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from eocanvas_apply.checks.case import OUTPUT, GraphCase
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.xml_tree import Element

_WRITE = "Write"
_DESKTOP = re.compile(r"[A-Za-z]:\\|/home/|/Users/")
_OF_MANY_FILES = ("BEAM-DIMAP", "ENVI")


def skeleton(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield a wrong root, a wrong version, and a graph without nodes."""
    root = case.graph.root
    if root.tag != "graph":
        yield case.at(
            error("graph-root", f"the root is <{root.tag[:60]}>, not <graph>", "is it a graph?"), root.position
        )
        return
    version = root.child("version")
    if version is None or version.text.strip() != "1.0":
        place = (version or root).position
        yield case.at(error("graph-version", "the graph's version is not 1.0", "write <version>1.0</version>"), place)
    if not case.graph.nodes:
        yield case.at(error("graph-without-nodes", "the graph has no node", "add a <node>"), root.position)


def node_names(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield nodes without id or operator, and ids that SNAP cannot tell apart."""
    first: dict[str, str] = {}
    for node in case.graph.nodes:
        name = node.attributes.get("id", "")
        if not name:
            yield case.at(error("node-without-id", "this node has no id", 'write <node id="...">'), node.position)
        elif name.casefold() in first:
            message = f"the ids {first[name.casefold()]} and {name} are the same to SNAP"
            yield case.at(error("node-id-twice", message, "give each node an id of its own"), node.position)
        first.setdefault(name.casefold(), name)
        if operator(node) == "":
            found = error("node-without-operator", "this node has no operator", "write <operator>...</operator>")
            yield case.at(found, node.position)


def sources(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield sources that name no node. The header may name products; references forward are legal."""
    known = {node.attributes.get("id", "") for node in case.graph.nodes} | set(_header_names(case.graph))
    for node in case.graph.nodes:
        for source in _sources(node):
            name = source.attributes["refid"]
            if name not in known and "$" not in name:
                hint = did_you_mean(name, known)
                found = error("unknown-source", f"no node of this graph has the id {name[:60]}", hint)
                yield case.at(found, source.position)


def cycles(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield one finding when nodes feed each other in a circle."""
    nodes = case.graph.nodes
    feeds = {node.attributes.get("id", ""): [each.attributes["refid"] for each in _sources(node)] for node in nodes}
    try:
        TopologicalSorter(feeds).prepare()
    except CycleError as circle:
        node = next(node for node in nodes if node.attributes.get("id") in circle.args[1])
        message = f"the node {node.attributes['id']} needs its own result"
        yield case.at(error("graph-cycle", message, "break the circle of sources"), node.position)


def something_written(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield a graph of which nothing arrives: no node called Write, and no $output anywhere in its nodes."""
    nodes = case.graph.nodes
    if not nodes or case.graph.root.tag != "graph":
        return
    if not any(node.attributes.get("id") == _WRITE or _writes(case.filled, node) for node in case.filled.nodes):
        hint = 'call the writing node id="Write", or write its file as ${output}/NAME'
        found = error("graph-without-output", "the graph writes nothing to $output, so the job has no result", hint)
        yield case.at(found, nodes[-1].position)


def dead_ends(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield nodes whose result is not used."""
    used = {source.attributes["refid"] for node in case.graph.nodes for source in _sources(node)}
    for node in case.filled.nodes:
        name = node.attributes.get("id", "")
        ends_well = (
            "write" in operator(node).lower() or "export" in operator(node).lower() or _writes(case.filled, node)
        )
        if name and name not in used and name != _WRITE and not ends_well:
            hint = "remove it, or use it as a source"
            found = warning("node-without-use", f"the result of the node {name} is not used", hint)
            yield case.at(found, node.position)


def desktop_paths(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield paths of a single computer; the file of the node called Write is replaced anyway."""
    hint = "write $NAME of an input, or ${output}/NAME"
    for node in case.filled.nodes:
        for element in node.walk():
            replaced = node.attributes.get("id") == _WRITE and element.tag == "file"
            if not replaced and not element.children and _DESKTOP.search(element.text):
                found = warning("desktop-path", "this path does not exist where the graph runs", hint)
                yield case.at(found, element.text_position)


def formats_of_many_files(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield writers of formats that make several files of one result."""
    hint = "write one file: NetCDF4-CF, NetCDF4-BEAM or GeoTIFF"
    for node in case.filled.nodes:
        chosen = _parameter(node, "formatName")
        name = chosen.text.strip() if chosen else _OF_MANY_FILES[0]
        if operator(node) == "Write" and name in _OF_MANY_FILES:
            found = warning("format-of-many-files", f"{name} makes several files of one result", hint)
            yield case.at(found, (chosen or node).position)


def coordinates(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield PixEx nodes without a coordinate."""
    message = "PixEx has no coordinate to look at"
    for node in case.filled.nodes:
        given = _parameter(node, "coordinates")
        if operator(node) != "PixEx" or given is None or given.children:
            continue
        others = (_parameter(node, "coordinatesFile"), _parameter(node, "matchupFile"))
        if not any(each is not None and each.text.strip() for each in (given, *others)):
            found = error("pixex-without-coordinates", message, "add <coordinate> elements")
            yield case.at(found, given.position)


def operator(node: Element) -> str:
    """Return the operator's name, empty without one."""
    element = node.child("operator")
    return element.text.strip() if element else ""


def _parameter(node: Element, name: str) -> Element | None:
    block = node.child("parameters")
    return block.child(name) if block else None


def _writes(graph: Graph, node: Element) -> bool:
    """Whether anything in a node names the output folder."""
    inside = {id(element) for element in node.walk()}
    return any(each.name == OUTPUT for each in graph.found_placeholders if id(each.element) in inside)


def _sources(node: Element) -> list[Element]:
    block = node.child("sources")
    return [source for source in block.children if source.attributes.get("refid")] if block else []


def _header_names(graph: Graph) -> Iterator[str]:
    header = graph.root.child("header")
    block = header.child("sources") if header else None
    for source in block.children if block else ():
        yield source.tag
        yield from source.attributes.values()


RULES = (
    *(skeleton, node_names, sources, cycles, something_written, dead_ends),
    *(desktop_paths, formats_of_many_files, coordinates),
)
