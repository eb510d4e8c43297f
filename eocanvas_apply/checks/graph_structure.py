"""The skeleton of a SNAP graph: root, version, nodes, ids, sources, and that something is written."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.checks.case import OUTPUT, GraphCase
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.xml_tree import Element

_WRITE = "Write"


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
    feeds = {
        node.attributes.get("id", ""): [s.attributes["refid"] for s in _sources(node)] for node in case.graph.nodes
    }
    while done := [name for name, needs in feeds.items() if not any(need in feeds for need in needs)]:
        for name in done:
            del feeds[name]
    for node in case.graph.nodes:
        name = node.attributes.get("id", "")
        if name in feeds and _reaches(name, feeds):
            found = error("graph-cycle", f"the node {name} needs its own result", "break the circle of sources")
            yield case.at(found, node.position)
            return


def something_written(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield a graph of which nothing arrives: no node called Write, and no $output anywhere in its nodes."""
    nodes = case.graph.nodes
    if not nodes or case.graph.root.tag != "graph":
        return
    if not any(node.attributes.get("id") == _WRITE or writes(case.filled, node) for node in case.filled.nodes):
        hint = 'call the writing node id="Write", or write its file as ${output}/NAME'
        found = error("graph-without-output", "the graph writes nothing to $output, so the job has no result", hint)
        yield case.at(found, nodes[-1].position)


def dead_ends(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield nodes whose result is not used."""
    used = {source.attributes["refid"] for node in case.graph.nodes for source in _sources(node)}
    for node in case.filled.nodes:
        name = node.attributes.get("id", "")
        ends_well = "write" in operator(node).lower() or "export" in operator(node).lower() or writes(case.filled, node)
        if name and name not in used and name != _WRITE and not ends_well:
            hint = "remove it, or use it as a source"
            found = warning("node-without-use", f"the result of the node {name} is not used", hint)
            yield case.at(found, node.position)


def operator(node: Element) -> str:
    """Return the operator's name, empty without one."""
    element = node.child("operator")
    return element.text.strip() if element else ""


def writes(graph: Graph, node: Element) -> bool:
    """Whether anything in a node names the output folder."""
    inside = {id(element) for element in node.walk()}
    return any(each.name == OUTPUT for each in graph.found_placeholders if id(each.element) in inside)


def _reaches(name: str, feeds: dict[str, list[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(feeds[name])
    while waiting:
        each = waiting.pop()
        if each == name:
            return True
        if each not in seen:
            seen.add(each)
            waiting += feeds.get(each, [])
    return False


def _sources(node: Element) -> list[Element]:
    block = node.child("sources")
    return [source for source in block.children if source.attributes.get("refid")] if block else []


def _header_names(graph: Graph) -> Iterator[str]:
    header = graph.root.child("header")
    block = header.child("sources") if header else None
    for source in block.children if block else ():
        yield source.tag
        yield from source.attributes.values()
