"""The points at which SNAP's PixEx extracts pixels, and the node of a graph that they belong into."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.documents.xml_tree import Element

OPERATOR = "PixEx"
_ELSEWHERE = ("coordinatesFile", "matchupFile")


class Point(Struct, frozen=True):
    """A point in WGS 84: degrees as text, `time` as `2024-07-01T10:00:00` in UTC, `id` a whole number as text."""

    name: str
    latitude: str
    longitude: str
    time: str | None
    id: str

    def fields(self) -> tuple[tuple[str, str], ...]:
        """Return what PixEx reads of it by the names of its XML, in the order in which SNAP writes them."""
        time = (("dateTime", self.time),) if self.time else ()
        place = (("name", self.name), ("latitude", self.latitude), ("longitude", self.longitude))
        return (*place, *time, ("originalValues", ""), ("id", self.id))


def open_coordinates(node: Element) -> Element | None:
    """Return the `<coordinates/>` of a PixEx node that has no point, neither there nor in a file; else None."""
    operator, block = node.child("operator"), node.child("parameters")
    # SNAP finds an operator by its name in any case.
    if operator is None or block is None or operator.text.strip().lower() != OPERATOR.lower():
        return None
    given = block.child("coordinates")
    if given is None or given.children or given.text.strip():
        return None
    others = (block.child(name) for name in _ELSEWHERE)
    return None if any(each is not None and each.text.strip() for each in others) else given


def with_points(root: Element, points: Sequence[Point]) -> Element:
    """Return the tree of a graph with the points in each PixEx node that has none."""
    children = [_filled(node, opened, points) if (opened := _open(node)) else node for node in root.children]
    return replace(root, children=children)


def _open(node: Element) -> Element | None:
    return open_coordinates(node) if node.tag == "node" else None


def _filled(node: Element, opened: Element, points: Sequence[Point]) -> Element:
    block = node.child("parameters")
    assert block is not None  # noqa: S101 - the coordinates stand in it
    given = _parent(opened, "coordinates", [_coordinate(point, opened) for point in points])
    parameters = replace(block, children=[given if each is opened else each for each in block.children])
    return replace(node, children=[parameters if each is block else each for each in node.children])


def _coordinate(point: Point, at: Element) -> Element:
    parts = [Element(name, {}, at.position, texts=[text]) for name, text in point.fields()]
    return _parent(at, "coordinate", parts)


def _parent(at: Element, tag: str, children: list[Element]) -> Element:
    return Element(tag, {}, at.position, texts=[""] * (len(children) + 1), children=children)
