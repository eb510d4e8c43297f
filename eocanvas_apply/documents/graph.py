"""A SNAP graph: parsed with positions, filled in, in canonical form, and as the text that is sent."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.documents.mark import Mark
from eocanvas_apply.documents.numbers import number_text
from eocanvas_apply.documents.xml_tree import Element, XmlFault, compact, parse_xml, written
from eocanvas_apply.errors import ManifestError

ParamValue = str | int | float | bool

# A name without braces runs on over dots and hyphens: SNAP takes `$output.nc` for a variable `output.nc`.
_PLACEHOLDER = re.compile(r"\$(?:\{([^{}$]*)\}|([A-Za-z_][A-Za-z0-9_.\-]*))")
_WHOLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DECLARED = re.compile(rb"""<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A `$name` or `${name}` in a text or attribute; `written` is all of it, `element` where it stands."""

    name: str
    written: str
    start: int
    text: str
    element: Element
    position: Position

    @property
    def whole(self) -> bool:
        """Whether the name is one that can be filled: letters, digits and `_`."""
        return _WHOLE_NAME.fullmatch(self.name) is not None


@dataclass(frozen=True)
class Graph:
    """One graph; `source` is its text, for showing lines of it."""

    file: str
    root: Element
    source: str

    @classmethod
    def parse(cls, text: bytes | str, file: str) -> Graph:
        """Read a graph; raise ManifestError when it is not well-formed XML or holds a DTD."""
        raw = text.encode() if isinstance(text, str) else text
        source = _decoded(raw)
        try:
            root = parse_xml(raw, file)
        except XmlFault as fault:
            found = error("graph-syntax", f"the graph is not readable XML: {fault.message}", "fix the file")
            raise ManifestError(_placed(source, found, fault.position)) from None
        return cls(file, root, source)

    @property
    def nodes(self) -> list[Element]:
        """The processing nodes in the order of the file."""
        return [child for child in self.root.children if child.tag == "node"]

    @cached_property
    def found_placeholders(self) -> tuple[Placeholder, ...]:
        """Every `$name` and `${name}` outside applicationData, also those that SNAP does not substitute."""
        return tuple(each for element in _relevant(self.root) for each in _placeholders(element))

    @property
    def placeholders(self) -> frozenset[str]:
        """The whole names that the graph leaves open, inputs and `output` among them."""
        return frozenset(each.name for each in self.found_placeholders if each.whole)

    def canonical(self) -> str:
        """Return a text that is equal for graphs that say the same.

        Comments, white space between elements, the order of attributes and `applicationData` do not count.
        """
        return compact(_without_application_data(self.root), sort=True)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the canonical form."""
        return "sha256:" + hashlib.sha256(self.canonical().encode()).hexdigest()

    def fill(self, params: Mapping[str, ParamValue]) -> Graph:
        """Return the graph with `$name` and `${name}` replaced, whole names only; all others stay."""
        if not params:
            return self
        texts = {name: param_text(value) for name, value in params.items()}
        root = copy.deepcopy(self.root)
        for element in _relevant(root):
            element.texts = [_filled(text, texts) for text in element.texts]
            element.attributes = {name: _filled(text, texts) for name, text in element.attributes.items()}
        return replace(self, root=root)

    def to_xml(self, mark: Mark | None = None) -> str:
        """Return the text that is sent: indented, in ASCII, without comments but the mark."""
        return written(self.root, str(mark) if mark else "")

    def place(self, found: Diagnostic, position: Position) -> Diagnostic:
        """Return a finding with its place in this file and the line there."""
        return _placed(self.source, found, position)


def _placed(source: str, found: Diagnostic, position: Position) -> Diagnostic:
    lines = source.splitlines()
    inside = 0 < position.line <= len(lines)
    return found.at(position, lines[position.line - 1] if inside else None)


def param_text(value: ParamValue) -> str:
    """Return how a parameter is written into a graph: numbers as in the manifest, booleans as `true` and `false`."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else number_text(value)


def _decoded(raw: bytes) -> str:
    declared = _DECLARED.match(raw)
    for encoding in ("utf-8-sig", declared[1].decode() if declared else "utf-16"):
        try:
            return raw.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return raw.decode("latin-1")


def _relevant(root: Element) -> Iterator[Element]:
    yield root
    for child in root.children:
        if child.tag != "applicationData":
            yield from child.walk()


def _without_application_data(root: Element) -> Element:
    kept = [pair for pair in zip(root.children, root.texts[1:], strict=True) if pair[0].tag != "applicationData"]
    return replace(root, children=[child for child, _ in kept], texts=[root.texts[0], *(text for _, text in kept)])


def _filled(text: str, params: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: params.get(found[1] or found[2] or "", found[0]), text)


def _placeholders(element: Element) -> Iterator[Placeholder]:
    for number, text in enumerate([*element.texts, *element.attributes.values()]):
        for found in _PLACEHOLDER.finditer(text):
            name = found[1] if found[1] is not None else found[2]
            before = text[: found.start()]
            position = element.position if number else _advanced(element.text_position, before)
            yield Placeholder(name, found[0], len(before), text, element, position)


def _advanced(start: Position, text: str) -> Position:
    before, line_break, last = text.rpartition("\n")
    if not line_break:
        return replace(start, column=start.column + len(text))
    return replace(start, line=start.line + before.count("\n") + 1, column=len(last) + 1)
