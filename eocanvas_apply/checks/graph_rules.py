"""A SNAP graph: its skeleton, that something is written, and what it brings along from the desktop it was drawn on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from eocanvas_apply.checks.case import GraphCase
from eocanvas_apply.diagnostics import Diagnostic, Suggestions, error, warning
from eocanvas_apply.documents.geometries.wkt import is_meant_as_geometry, wkt_faults
from eocanvas_apply.documents.graph import OUTPUT, WRITE, Graph, param_alone
from eocanvas_apply.documents.graph_placeholders import placeholders_of
from eocanvas_apply.documents.node_sources import folded, header_names, results_used, sources_of
from eocanvas_apply.documents.pixex import open_coordinates
from eocanvas_apply.documents.xml_tree import Element

_REGION = "geoRegion"
_DESKTOP = re.compile(r"(?<![A-Za-z])[A-Za-z]:(?:\\|/(?!/))|/home/|/Users/")
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
        elif folded(name) in first:
            message = _same_ids(first[folded(name)], name)
            yield case.at(error("node-id-twice", message, "give each node an id of its own"), node.position)
        first.setdefault(folded(name), name)
        if operator(node) == "":
            found = error("node-without-operator", "this node has no operator", "write <operator>...</operator>")
            yield case.at(found, node.position)


def _same_ids(one: str, other: str) -> str:
    if one == other:
        return f"two nodes have the id {one[:60]}"
    return f"the ids {one[:60]} and {other[:60]} are the same to SNAP"


def sources(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield sources that name no node, and nodes that take one twice. References forward are legal."""
    ids = {folded(node.attributes.get("id", "")): node.attributes.get("id", "") for node in case.graph.nodes}
    products, suggestions = header_names(case.graph), Suggestions()
    known = {*ids.values(), *products}
    for node in case.filled.nodes:
        for source in sources_of(node):
            unknown = [n for n in source.names if folded(n) not in ids and n not in products and "$" not in n]
            if unknown:
                hint = suggestions.near(unknown[0], known)
                found = error("unknown-source", f"no node of this graph has the {_ids(unknown)}", hint)
                yield case.at(found, source.element.position)
        yield from _taken_twice(case, node)


def _ids(names: list[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:3])
    more = f" and {len(names) - 3:,} more" if names[3:] else ""
    return f"id {shown}" if len(names) == 1 else f"ids {shown}{more}"


def _taken_twice(case: GraphCase, node: Element) -> Iterator[Diagnostic]:
    taken: set[str] = set()
    for source in sources_of(node):
        twice = _first_again(source.names, taken)
        if twice is not None:
            message = f"the node {node.attributes.get('id', '')[:60]} has the source {twice[:60]} twice"
            found = error("source-twice", message, "remove one of the two; SNAP does not run such a graph")
            yield case.at(found, source.element.position)


def _first_again(names: Iterable[str], taken: set[str]) -> str | None:
    """Return the first name that was taken before, and take all others."""
    for name in names:
        if name in taken:
            return name
        taken.add(name)
    return None


def cycles(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield one finding when nodes feed each other in a circle."""
    feeds: dict[str, list[str]] = {}
    for node in case.filled.nodes:
        names = [folded(name) for source in sources_of(node) for name in source.names]
        feeds.setdefault(folded(node.attributes.get("id", "")), []).extend(names)
    try:
        TopologicalSorter(feeds).prepare()
    except CycleError as circle:
        within = set(circle.args[1])
        node = next(node for node in case.graph.nodes if folded(node.attributes.get("id", "")) in within)
        message = f"the node {node.attributes.get('id', '')[:60]} needs its own result"
        yield case.at(error("graph-cycle", message, "break the circle of sources"), node.position)


def something_written(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield a graph of which nothing arrives: no node called Write, and no $output anywhere in its nodes."""
    nodes = case.filled.nodes
    if not nodes or case.graph.root.tag != "graph":
        return
    if not any(node.attributes.get("id") == WRITE or _writes(node) for node in nodes):
        hint = 'call the writing node id="Write", or write its file as ${output}/NAME'
        found = error("graph-without-output", "the graph writes nothing to $output, so the job has no result", hint)
        yield case.at(found, nodes[-1].position)


def dead_ends(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield nodes whose result is not used."""
    used = {folded(name) for node in case.filled.nodes for name in results_used(node)}
    for node in case.filled.nodes:
        name, kind = node.attributes.get("id", ""), operator(node).lower()
        unused = name and name != WRITE and folded(name) not in used
        if unused and not ("write" in kind or "export" in kind or _writes(node)):
            hint = "remove it, or use it as a source"
            found = warning("node-without-use", f"the result of the node {name[:60]} is not used", hint)
            yield case.at(found, node.position)


def desktop_paths(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield paths of a single computer."""
    hint = "write $NAME of an input, or ${output}/NAME"
    for node in case.filled.nodes:
        for element in node.walk():
            if not element.children and _DESKTOP.search(element.text):
                found = warning("desktop-path", "this path does not exist where the graph runs", hint)
                yield case.at(found, element.text_position)


def formats_of_many_files(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield writers of formats that make several files of one result."""
    hint = "write one file: NetCDF4-CF, NetCDF4-BEAM or GeoTIFF"
    for node in case.filled.nodes:
        chosen = _parameter(node, "formatName")
        name = chosen.text.strip() if chosen else _OF_MANY_FILES[0]
        if _runs(node, "Write") and name.upper() in _OF_MANY_FILES:
            found = warning("format-of-many-files", f"{name} makes several files of one result", hint)
            yield case.at(found, (chosen or node).position)


def geometries(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield geometries that SNAP cannot read; what params fill in is judged in the manifest."""
    for node in case.graph.nodes:
        for element in node.walk():
            if not element.children and "$" not in element.text:
                yield from (case.at(found, element.text_position) for found in wkt_faults(element.text))


def regions(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield regions that hold no geometry, where their text stands: in the manifest or in the graph."""
    for written, element in zip(_regions(case.graph), _regions(case.filled), strict=True):
        if not element.text.strip() or "$" in element.text or is_meant_as_geometry(element.text):
            continue
        found = error("bad-wkt", f"`{_REGION}` holds no geometry", "write POLYGON((20 58, 21 58, 21 59, 20 58))")
        param = param_alone(written.text)
        if param in case.job.params:
            yield case.in_manifest(found, "params", param)
        else:
            yield case.at(found, element.text_position)


def _regions(graph: Graph) -> Iterator[Element]:
    for node in graph.nodes:
        yield from (each for each in node.walk() if each.tag == _REGION)


def coordinates(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield PixEx nodes without a coordinate; what is wrong with the points of a job is found where they are read."""
    hint = "add <coordinate> elements, or give the job `points:`"
    for node in case.filled.nodes if case.job.points is None else ():
        if given := open_coordinates(node):
            found = error("pixex-without-coordinates", "PixEx has no coordinate to look at", hint)
            yield case.at(found, given.position)


def operator(node: Element) -> str:
    """Return the operator's name, empty without one."""
    element = node.child("operator")
    return element.text.strip() if element else ""


def _runs(node: Element, name: str) -> bool:
    """Whether a node runs an operator; SNAP finds it by its name in any case."""
    return operator(node).lower() == name.lower()


def _parameter(node: Element, name: str) -> Element | None:
    block = node.child("parameters")
    return block.child(name) if block else None


def _writes(node: Element) -> bool:
    """Whether anything in a node names the output folder."""
    return any(each.name == OUTPUT for element in node.walk() for each in placeholders_of(element))


RULES = (
    *(skeleton, node_names, sources, cycles, something_written, dead_ends),
    *(desktop_paths, formats_of_many_files, geometries, regions, coordinates),
)
