"""What a YAML text says: its nodes, and the meaning of a plain scalar by the core schema of YAML 1.2.

Readers of YAML 1.1, PyYAML among them, take `no` for false, `012` for ten, `12:30:00` for 45000 and `2024-07-01` for
a date. Here they are text, or the number that stands there.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import Struct

from eocanvas_apply.documents.numbers import as_written

Plain = str | int | float | bool | None
Data = Plain | list["Data"] | dict[str, "Data"]
Path = tuple[str | int, ...]

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_DECIMAL = re.compile(r"[-+]?[0-9]+", re.ASCII)
_PREFIXED = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII
)
# A longer one is text: every number here has a place among the floats too, also a hexadecimal one.
_LONGEST_NUMBER = 250

_BOOL_1_1 = re.compile(r"[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF")
_SAME_IN_BOTH = re.compile(r"[-+]?0+[0-7]?", re.ASCII)
_OTHERWISE_1_1 = re.compile(
    r"""
      [-+]?0[0-7_]+ | [-+]?0[0-9]+                         # an octal number, or text when it holds an 8
    | [-+]?0b[01_]+
    | [-+]?0x[0-9a-fA-F]*_[0-9a-fA-F_]*
    | 0o[0-7]+                                             # text there, a number here
    | [-+][0]x[0-9a-fA-F_]+
    | [-+]?[1-9][0-9]*_[0-9_]*
    | [-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+                   # base 60
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    | [-+]?[0-9][0-9_]*\.[0-9]*_[0-9_]*(?:[eE][-+][0-9]+)?
    | [-+]?[0-9]+_[0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?
    | \.[0-9]+_[0-9_]*(?:[eE][-+][0-9]+)?
    | [-+]?[0-9]+[eE][-+]?[0-9]+                           # no dot, so text there
    | [-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)[eE][0-9]+           # no sign, so text there
    | [-+]\.[0-9]+(?:[eE][-+]?[0-9]+)?
    | [0-9]{4}-[0-9]{2}-[0-9]{2}
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?
      (?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?
    """,
    re.VERBOSE | re.ASCII,
)


class Span(Struct, frozen=True):
    """A stretch of the text of a file, in characters from its start, the end not included."""

    start: int
    end: int
    file: str


class Scalar(Struct, frozen=True, eq=False):
    """One value. `plain` says that it stands without quotes, so that its characters decide its type."""

    span: Span
    text: str
    plain: bool


class Sequence(Struct, frozen=True, eq=False):
    """A list."""

    span: Span
    items: tuple[Node, ...]


class Mapping(Struct, frozen=True, eq=False):
    """Keys, which are always text, and values in the order of the text. `refused` are duplicates and merge keys."""

    span: Span
    by_name: dict[str, tuple[Scalar, Node]]
    refused: tuple[tuple[Scalar, Node], ...] = ()

    @property
    def entries(self) -> Collection[tuple[Scalar, Node]]:
        """The keys and values that count."""
        return self.by_name.values()


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
        return node.by_name.get(str(part))
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part], node.items[part]
    return None


def value_span(root: Node | None, path: Path) -> Span | None:
    """Return where the value at a path stands; of what is missing, where its nearest owner is named."""
    named, node, whole = _walk(root, path)
    if whole and isinstance(node, Scalar) and node.span.start < node.span.end:
        return node.span
    return named.span if named else None


def name_span(root: Node | None, path: Path) -> Span | None:
    """Return where the last name of a path stands, or its nearest owner's."""
    named, _, _ = _walk(root, path)
    return named.span if named else None


def _walk(root: Node | None, path: Path) -> tuple[Node | None, Node | None, bool]:
    named, node = root, root
    for part in path:
        found = step(node, part) if node else None
        if found is None:
            return named, node, False
        named, node = found
    return named, node, True


def resolve_plain(text: str) -> Plain:
    """Return what a plain scalar stands for by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return _number(text) if len(text) <= _LONGEST_NUMBER else text


def reads_otherwise(text: str) -> bool:
    """Whether a reader of YAML 1.1 would take this plain scalar for something else."""
    if len(text) > _LONGEST_NUMBER or _SAME_IN_BOTH.fullmatch(text):
        return False
    return (_BOOL_1_1.fullmatch(text) or _OTHERWISE_1_1.fullmatch(text)) is not None


def _number(text: str) -> str | int | float:
    if _DECIMAL.fullmatch(text):
        return as_written(int(text), text)
    if found := _PREFIXED.fullmatch(text):
        return as_written(int(found[1], 8) if found[1] else int(found[2], 16), text)
    if _FLOAT.fullmatch(text):
        return as_written(float(text.lower().replace(".inf", "inf").replace(".nan", "nan")), text)
    return text
