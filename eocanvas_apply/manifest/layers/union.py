"""The files of a folder as one manifest: each brings keys, jobs and other fields. What two of them give is an error.

Blocks of names are united, and so are lists whose entries do not belong together, such as `moved`. Each file may say
its `version`, and have `x-` fields of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from eocanvas_apply.documents.yaml.nodes import Mapping, Node, Path, Scalar
from eocanvas_apply.documents.yaml.nodes import Sequence as SequenceNode
from eocanvas_apply.manifest.layers.overlays import BLOCK, BLOCKS, in_manifest

_UNITED = BLOCKS | {(), (BLOCK,)}
_LISTS = frozenset({("moved",), ("notify",), ("protect",)})


class GivenTwice(Struct, frozen=True):
    """A field that two files give: its name in one of them, and in the other one."""

    path: Path
    name: Scalar
    other: Scalar


def united(roots: Sequence[Mapping]) -> tuple[Mapping, tuple[GivenTwice, ...]]:
    """Return the nodes of several files as one manifest, in which the first one wins, and what others give again."""
    whole, *others = roots
    twice: list[GivenTwice] = []
    for other in others:
        whole = _with(whole, other, (), twice)
    return whole, tuple(twice)


def _with(one: Mapping, other: Mapping, path: Path, twice: list[GivenTwice]) -> Mapping:
    entries = dict(one.by_name)
    for name, (key, value) in other.by_name.items():
        first, at = entries.setdefault(name, (key, value)), (*path, name)
        if first[1] is value:
            continue
        if (both := _together(first[1], value, at, twice)) is not None:
            entries[name] = (first[0], both)
        elif not _may_stand_in_each(first[1], value, at):
            twice += [GivenTwice(at, first[0], key), GivenTwice(at, key, first[0])]
    return Mapping(one.span, entries, (*one.refused, *other.refused))


def _together(one: Node, other: Node, path: Path, twice: list[GivenTwice]) -> Node | None:
    """Return two values as one, None where only one of them can hold."""
    inner = in_manifest(path)
    if isinstance(one, Mapping) and isinstance(other, Mapping) and inner in _UNITED:
        return _with(one, other, path, twice)
    if isinstance(one, SequenceNode) and isinstance(other, SequenceNode) and inner in _LISTS:
        return SequenceNode(one.span, (*one.items, *other.items))
    return None


def _may_stand_in_each(one: Node, other: Node, path: Path) -> bool:
    if path == ("version",):
        return isinstance(one, Scalar) and isinstance(other, Scalar) and one.text == other.text
    inner = in_manifest(path)
    return len(inner) == 1 and str(inner[0]).startswith("x-")
