"""A SNAP graph: parsed with positions, filled in, in canonical form, and as the text that is sent."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.documents.geometries.regions import Regions, box_of
from eocanvas_apply.documents.geometries.wkt import is_meant_as_geometry
from eocanvas_apply.documents.graph_placeholders import Placeholder, placeholders_of
from eocanvas_apply.documents.graph_text import decoded
from eocanvas_apply.documents.numbers import number_text
from eocanvas_apply.documents.source_lines import SourceLines
from eocanvas_apply.documents.xml_tree import Element, XmlFault, compact, parse_xml, written
from eocanvas_apply.errors import ManifestError

if TYPE_CHECKING:
    from eocanvas_apply.documents.mark import Mark
    from eocanvas_apply.documents.pixex import Point

ParamValue = str | int | float | bool

# The whole names that `params` fill in.
_PARAM = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_.]*))")
# The service writes the file of the node with this id to the folder of this name.
WRITE = "Write"
OUTPUT = "output"
_LARGEST = 10_000_000
# More of them take long, and no graph has them.
_MOST = {"\n": (500_000, "lines"), "\r": (500_000, "lines"), "$": (10_000, "`$` characters")}


@dataclass(frozen=True)
class Graph:
    """One graph; `source` is its text, for showing lines of it, `warnings` are about its encoding."""

    file: str
    root: Element
    source: str
    warnings: tuple[Diagnostic, ...] = ()

    @classmethod
    def parse(cls, text: bytes | str, file: str) -> Graph:
        """Read a graph; raise ManifestError when it is not well-formed XML, declares a DTD, or is too large."""
        source, warnings = decoded(text.encode() if isinstance(text, str) else text, file)
        for character, (most, name) in _MOST.items():
            if (number := source.count(character)) > most:
                message = f"the graph has {number:,} {name}; at most {most:,} are read"
                raise ManifestError(_too_large(message).at(Position(file, 1, 1)))
        try:
            root = parse_xml(source, file)
        except XmlFault as fault:
            line = SourceLines(source, file).around(fault.position)
            raise ManifestError(_refusal(fault).at(fault.position, line)) from None
        return cls(file, root, source, warnings)

    @cached_property
    def nodes(self) -> tuple[Element, ...]:
        """The processing nodes in the order of the file."""
        return tuple(child for child in self.root.children if child.tag == "node")

    @cached_property
    def found_placeholders(self) -> tuple[Placeholder, ...]:
        """Every `$name` and `${name}` outside applicationData, also those that SNAP does not substitute."""
        return tuple(each for element in _relevant(self.root) for each in placeholders_of(element))

    @property
    def placeholders(self) -> frozenset[str]:
        """The whole names that SNAP may fill in, inputs and `output` among them."""
        return frozenset(each.name for each in self.found_placeholders if each.whole)

    @cached_property
    def param_names(self) -> frozenset[str]:
        """The whole names that `fill` replaces."""
        texts = (text for element in _relevant(self.root) for text in element.all_texts)
        return frozenset(found[1] or found[2] for text in texts for found in _PARAM.finditer(text))

    def canonical(self) -> str:
        """Return a text that is equal for graphs that say the same.

        Comments, white space between elements, the order of attributes and `applicationData` do not count.
        """
        return compact(_without_application_data(self.root), sort=True)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hex digest of the canonical form."""
        return "sha256:" + hashlib.sha256(self.canonical().encode()).hexdigest()

    @cached_property
    def regions(self) -> Regions:
        """Its geometries as text, also those that params fill in."""
        texts = [each.text for node in self.nodes for each in node.walk() if not each.children]
        boxes = [box for text in texts if (box := box_of(text))]
        canonical = compact(_without_application_data(self.root).changed(_without_geometry), sort=True)
        return Regions.of(canonical, boxes, [text for text in texts if "$" in text])

    def fill(self, params: Mapping[str, ParamValue]) -> Graph:
        """Return the graph with `$name` and `${name}` replaced, whole names only; all others stay.

        Raises ManifestError when that makes it larger than 10 MB.
        """
        if not params:
            return self
        filling = _Filling({name: param_text(value) for name, value in params.items()})
        root = structs.replace(
            self.root,
            attributes={name: filling.filled(text) for name, text in self.root.attributes.items()},
            texts=[filling.filled(text) for text in self.root.texts],
            children=[
                child if child.tag == "applicationData" else child.changed(filling.filled)
                for child in self.root.children
            ],
        )
        return dataclasses.replace(self, root=root)

    def with_points(self, points: Sequence[Point]) -> Graph:
        """Return the graph with the points in its PixEx node with empty coordinates."""
        from eocanvas_apply.documents.pixex import with_points

        return dataclasses.replace(self, root=with_points(self.root, points))

    def at_service(self) -> Graph:
        """Return the graph as the service runs it: `$output` is the file of the node that is called Write."""
        children = [_with_output(child) if _is_write(child) else child for child in self.root.children]
        return dataclasses.replace(self, root=structs.replace(self.root, children=children))

    def to_xml(self, mark: Mark | None = None) -> str:
        """Return the text that is sent: indented, in ASCII, without comments but the mark."""
        return written(self.root, str(mark) if mark else "")

    def place(self, found: Diagnostic, position: Position, address: str | None = None) -> Diagnostic:
        """Return a finding with its place in this file, the line there, and the address of the job it is about."""
        return found.at(position, self._lines.around(position), address)

    @cached_property
    def _lines(self) -> SourceLines:
        return SourceLines(self.source, self.file)


def _is_write(element: Element) -> bool:
    return element.tag == "node" and element.attributes.get("id") == WRITE


def _with_output(element: Element) -> Element:
    if element.tag == "file" and not element.children:
        return structs.replace(element, texts=[f"${OUTPUT}"])
    return structs.replace(element, children=[_with_output(child) for child in element.children])


class _Filling(Struct):
    """Replaces names by values, as long as all that comes in stays below the limit."""

    values: Mapping[str, str]
    added: int = 0

    def filled(self, text: str) -> str:
        return _PARAM.sub(self._value, text) if "$" in text else text

    def _value(self, found: re.Match[str]) -> str:
        value = self.values.get(found[1] or found[2], found[0])
        self.added += len(value)
        if self.added > _LARGEST:
            message = f"filled in, the graph has more than {_LARGEST // 1_000_000} MB"
            raise ManifestError(_too_large(message))
        return value


def filled_text(text: str, params: Mapping[str, str]) -> str:
    """Return one text of a graph with params filled in."""
    return _PARAM.sub(lambda found: params.get(found[1] or found[2], found[0]), text) if params else text


def param_alone(text: str) -> str:
    """Return the name that is filled in as the whole of a text, empty where the text is another one."""
    found = _PARAM.fullmatch(text.strip())
    return (found[1] or found[2]) if found else ""


def param_text(value: ParamValue) -> str:
    """Return how a parameter is written into a graph: numbers as in the manifest, booleans as `true` and `false`."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else number_text(value)


# What a fault's message holds, and what to do.
_ADVICE = {
    "invalid token": "write & as &amp; and < as &lt; in a text; a comment holds no --",
    "declaration not at start": "delete what stands before <?xml",
    "document types": "write no more than <!DOCTYPE graph>, and each entity as the text that it stands for",
    "undefined entity": "write the character itself",
    "the end of the file": "the file ends too early; close every element that is open",
    "is not closed": "close every element by its own name, the inner ones first",
    "closes nothing": "close every element by its own name, the inner ones first",
    "no element found": "the file ends too early, or is empty",
}


def _refusal(fault: XmlFault) -> Diagnostic:
    if fault.too_large:
        return _too_large(f"the graph has {fault.message}")
    hint = next((advice for part, advice in _ADVICE.items() if part in fault.message), "fix the file")
    return error("graph-syntax", f"the graph is not readable XML: {fault.message}", hint)


def _too_large(message: str) -> Diagnostic:
    return error("graph-too-large", message, "is it the file you meant?")


def _relevant(root: Element) -> Iterator[Element]:
    yield root
    for child in root.children:
        if child.tag != "applicationData":
            yield from child.walk()


def _without_geometry(text: str) -> str:
    return "" if is_meant_as_geometry(text) else text


def _without_application_data(root: Element) -> Element:
    kept = [pair for pair in zip(root.children, root.texts[1:], strict=True) if pair[0].tag != "applicationData"]
    return structs.replace(
        root, children=[child for child, _ in kept], texts=[root.texts[0], *(text for _, text in kept)]
    )
