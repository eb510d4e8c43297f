"""Nodes of a YAML text, without tags, duplicate keys or documents after the first, and merge keys only on request.

The events come from PyYAML; the nodes are built here, because its own composer drops duplicate keys silently,
follows aliases without limit, and crashes on deep nesting.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml
from msgspec import Struct, field

from eocanvas_apply.documents.yaml.nodes import Mapping, Node, Scalar, Sequence, Span, reads_otherwise, resolve_plain

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 100
MOST_VALUES = 100_000
_FREE_COPIES = 10_000
# So many characters of a text that an alias repeats weigh as much as a value.
_CHARACTERS_OF_A_VALUE = 100


@dataclass(eq=False)
class Fault(Exception):
    """A fault at a place of the text, raised where reading cannot go on; `text` has the messages.

    `first` is where a duplicate stands first; `number` tells that what YAML 1.1 reads otherwise is a number here.
    """

    code: str
    at: int
    first: int | None = None
    number: bool = False


class _Open(Struct):
    """A list or mapping whose end has not come."""

    start: int
    anchor: str | None
    mapping: bool
    nodes: list[Node] = field(default_factory=list)
    size: int = 1


class Composer:
    """Builds the nodes of the text of a file. `faults` are collected; `open_keys` says where reading stopped.

    With `merge`, `<<` brings in the fields of other mappings, as readers of YAML 1.1 do it; without, it is a fault.
    """

    def __init__(self, file: str, *, merge: bool = False) -> None:
        self._file = file
        self._merge = merge
        self.faults: list[Fault] = []
        self.root: Node | None = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._written = 0
        self._copied = 0

    def compose(self, text: str) -> None:
        """Read the text into `root`; raise Fault, or yaml.YAMLError when it is not YAML."""
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                raise Fault("yaml-documents", _begin(event))
            self._take(event)

    @property
    def open_keys(self) -> tuple[str, ...]:
        """The keys of the mappings that are open, outermost first."""
        nodes = [each.nodes for each in self._open if each.mapping and each.nodes]
        # Keys stand at the even places.
        return tuple(key.text for each in nodes if isinstance(key := each[(len(each) - 1) // 2 * 2], Scalar))

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            self.faults.append(Fault("yaml-tag", _begin(event)))
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        plain = event.implicit[0] and event.style in (None, "")
        if plain and not self._expects_key() and reads_otherwise(event.value):
            number = not isinstance(resolve_plain(event.value), str)
            self.faults.append(Fault("yaml-1-1", _begin(event), number=number))
        weight = 1 + len(event.value) // _CHARACTERS_OF_A_VALUE
        self._add(Scalar(Span(_begin(event), _finish(event), self._file), event.value, plain), event.anchor, weight)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= _DEEPEST:
            raise Fault("yaml-depth", _begin(event))
        if self._expects_key():
            raise Fault("yaml-key", _begin(event))
        mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(_begin(event), event.anchor, mapping))

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        span = Span(done.start, _finish(event), self._file)
        node: Node = self._mapping(span, done.nodes) if done.mapping else Sequence(span, tuple(done.nodes))
        self._add(node, done.anchor, done.size)

    def _alias(self, event: yaml.AliasEvent) -> None:
        found = self._anchors.get(event.anchor or "")
        if found is None:
            raise Fault("yaml-alias", _begin(event))
        self._copied += found[1]
        if self._copied > min(_FREE_COPIES + 10 * self._written, MOST_VALUES):
            raise Fault("yaml-aliases", _begin(event))
        self._add(found[0], None, found[1])

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        self._written += 1
        if self._written > MOST_VALUES:
            raise Fault("yaml-too-large", node.span.start)
        if self._expects_key() and not isinstance(node, Scalar):
            raise Fault("yaml-key", node.span.start)
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].nodes.append(node)
            self._open[-1].size += size
        else:
            self.root = node

    def _expects_key(self) -> bool:
        return bool(self._open) and self._open[-1].mapping and len(self._open[-1].nodes) % 2 == 0

    def _mapping(self, span: Span, nodes: list[Node]) -> Mapping:
        kept: dict[str, tuple[Scalar, Node]] = {}
        merged: dict[str, tuple[Scalar, Node]] = {}
        refused: list[tuple[Scalar, Node]] = []
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            assert isinstance(key, Scalar)  # noqa: S101 - _add let no other key in
            if key.text in kept:
                self.faults.append(Fault("duplicate-key", key.span.start, kept[key.text][0].span.start))
            elif key.plain and key.text == "<<" and self._merge:
                merged.update(self._merged(key, value))
                continue
            elif key.plain and key.text == "<<":
                self.faults.append(Fault("yaml-merge-key", key.span.start))
            else:
                kept[key.text] = (key, value)
                continue
            refused.append((key, value))
        # An own field wins over one that is brought in.
        return Mapping(span, {**merged, **kept}, tuple(refused))

    def _merged(self, key: Scalar, value: Node) -> dict[str, tuple[Scalar, Node]]:
        """Return the fields of a mapping, or of a list of mappings, of which an earlier one wins."""
        sources = value.items if isinstance(value, Sequence) else (value,)
        mappings = [each for each in sources if isinstance(each, Mapping)]
        if len(mappings) < len(sources):
            self.faults.append(Fault("not-a-mapping", key.span.start))
        return {name: entry for each in reversed(mappings) for name, entry in each.by_name.items()}


def _begin(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark else 0


def _finish(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark else 0
