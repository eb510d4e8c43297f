"""Where the keys and jobs of a project stand in the drawing of what depends on what: data flow from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from eocanvas_apply.render.layout import cut
from eocanvas_apply.report.dependencies import Dependencies

NODE_WIDTH, NODE_HEIGHT = 190, 44
_COLUMN, _ROW, _MARGIN = 260, 62, 8
_LONGEST = 24


class Node(Struct, frozen=True):
    """One key or job; a key that is read and written stands on both sides."""

    address: str
    label: str
    x: int
    y: int

    @property
    def is_key(self) -> bool:
        """Whether it is a key."""
        return self.address.startswith("key.")


class Drawing(Struct, frozen=True):
    """All nodes, the arrows between them as paths of SVG, and the size of the whole."""

    nodes: tuple[Node, ...]
    arrows: tuple[str, ...]
    width: int
    height: int


def drawing_of(found: Sequence[Dependencies]) -> Drawing:
    """Return the drawing: keys that are read, then jobs behind those they follow, then keys that are written."""
    jobs = {each.address: each for each in found if each.address.startswith("job.")}
    columns = _columns(jobs, [each.address for each in found if each.address not in jobs])
    nodes = {
        place: Node(place[1], cut(place[1].partition(".")[2], _LONGEST), _MARGIN + x * _COLUMN, _MARGIN + y * _ROW)
        for x, column in enumerate(columns)
        for y, place in enumerate(column)
    }
    arrows = tuple(_arrow(nodes[one], nodes[other]) for one, other in _pairs(jobs))
    tallest = max(map(len, columns), default=0)
    width = 2 * _MARGIN + max(len(columns) - 1, 0) * _COLUMN + NODE_WIDTH
    return Drawing(tuple(nodes.values()), arrows, width, 2 * _MARGIN + max(tallest - 1, 0) * _ROW + NODE_HEIGHT)


# What stands where: a side (reads, job or writes) and an address.
_Place = tuple[str, str]


def _columns(jobs: Mapping[str, Dependencies], keys: Sequence[str]) -> list[list[_Place]]:
    read = dict.fromkeys(key for each in jobs.values() for key in each.reads)
    written = dict.fromkeys(key for each in jobs.values() for key in each.writes)
    unused = [key for key in keys if key not in read and key not in written]
    levels: dict[str, int] = {}
    for address in jobs:
        _level(address, jobs, levels)
    by_level: list[list[_Place]] = [[] for _ in range(max(levels.values(), default=-1) + 1)]
    for address in jobs:
        by_level[levels[address]].append(("job", address))
    sides = [("reads", key) for key in (*read, *unused)], [("writes", key) for key in written]
    return [column for column in (sides[0], *by_level, sides[1]) if column]


def _level(address: str, jobs: Mapping[str, Dependencies], levels: dict[str, int]) -> int:
    """Return how many jobs stand before this one at most; a manifest whose jobs go in a circle is none."""
    if address not in levels:
        before = (each for each in jobs[address].follows if each in jobs)
        levels[address] = max((_level(each, jobs, levels) + 1 for each in before), default=0)
    return levels[address]


def _pairs(jobs: Mapping[str, Dependencies]) -> Iterator[tuple[_Place, _Place]]:
    for address, each in jobs.items():
        yield from ((("reads", key), ("job", address)) for key in each.reads)
        yield from ((("job", other), ("job", address)) for other in each.follows if other in jobs)
        yield from ((("job", address), ("writes", key)) for key in each.writes)


def _arrow(one: Node, other: Node) -> str:
    begin, end = one.x + NODE_WIDTH, other.x - 6
    y1, y2, bend = one.y + NODE_HEIGHT // 2, other.y + NODE_HEIGHT // 2, (end - begin) // 2
    return f"M{begin} {y1}C{begin + bend} {y1} {end - bend} {y2} {end} {y2}"
