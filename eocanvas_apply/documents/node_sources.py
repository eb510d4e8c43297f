"""What the nodes of a graph take as sources, as SNAP reads it.

A source is an attribute `refid` or the text of its element; `<sourceProducts>A,B</sourceProducts>` is a list. SNAP
finds a node by its id in any case, and a product of the header by its exact name.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.xml_tree import Element

# What stands behind so many names is taken for one, which no node has.
_LONGEST_LIST = 10_000


class Source(Struct, frozen=True):
    """One element below `<sources>` and the ids that it names."""

    element: Element
    names: tuple[str, ...]


def folded(name: str) -> str:
    """Return an id so that equal ones are those that SNAP takes for the same."""
    return name.lower()


def sources_of(node: Element) -> Iterator[Source]:
    """Yield the sources of a node in the order of the text."""
    block = node.child("sources")
    for element in block.children if block else ():
        if names := tuple(name for name in _named(element) if name):
            yield Source(element, names)


def results_used(node: Element) -> Iterator[str]:
    """Yield the ids of the nodes whose results a node uses: its sources, and `refid="ID.PROPERTY"` of parameters."""
    for source in sources_of(node):
        yield from source.names
    parameters = node.child("parameters")
    for element in parameters.children if parameters else ():
        yield element.attributes.get("refid", "").partition(".")[0]


def header_names(graph: Graph) -> frozenset[str]:
    """Return the products that the header declares."""
    header = graph.root.child("header")
    block = header.child("sources") if header else None
    children = block.children if block else ()
    return frozenset(name for child in children for name in (child.tag, *child.attributes.values()))


def _named(element: Element) -> list[str]:
    if (given := element.attributes.get("refid")) is not None:
        return [given]
    if element.tag == "sourceProducts":
        return [name.strip() for name in element.text.split(",", _LONGEST_LIST)]
    return [element.text.strip()]
