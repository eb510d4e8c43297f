"""The nodes of a YAML text with their positions."""

from __future__ import annotations

from dataclasses import dataclass

from eocanvas_apply.documents.yaml.scalars import Plain, resolve_plain

Data = Plain | list["Data"] | dict[str, "Data"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text, in characters from its start, the end not included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """One value. `plain` says that it stands without quotes, so that its characters decide its type."""

    span: Span
    text: str
    plain: bool


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list."""

    span: Span
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Keys and values in the order of the text; keys are always text. `refused` are duplicate keys and merge keys."""

    span: Span
    entries: tuple[tuple[Scalar, Node], ...]
    refused: tuple[tuple[Scalar, Node], ...] = ()

    def entry(self, key: str) -> tuple[Scalar, Node] | None:
        """Return the key and value of that name."""
        return next((entry for entry in self.entries if entry[0].text == key), None)


Node = Scalar | Sequence | Mapping


def to_data(node: Node) -> Data:
    """Return what a node says, as plain Python data."""
    if isinstance(node, Scalar):
        return resolve_plain(node.text) if node.plain else node.text
    if isinstance(node, Sequence):
        return [to_data(item) for item in node.items]
    return {key.text: to_data(value) for key, value in node.entries}


def step(node: Node, part: str | int) -> tuple[Node, Node] | None:
    """Go from a node to one of its values; return where the value is named and the value, None without one."""
    if isinstance(node, Mapping):
        return node.entry(str(part))
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part], node.items[part]
    return None
