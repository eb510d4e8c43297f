"""An XML tree with positions. Document types and entities are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from eocanvas_apply.diagnostics import Position

_DEEPEST = 200
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE = _TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


@dataclass(slots=True)
class Element:
    """An element. `texts` has one more member than `children`: what stands before, between and after them."""

    tag: str
    attributes: dict[str, str]
    position: Position
    text_position: Position
    texts: list[str] = field(default_factory=lambda: [""])
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands before the first child: all there is in an element without children."""
        return self.texts[0]

    def child(self, tag: str) -> Element | None:
        """Return the first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def walk(self) -> Iterator[Element]:
        """Yield the element and everything in it, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(eq=False)
class XmlFault(Exception):
    """The text is not well-formed, or holds what is refused; `position` is the place."""

    message: str
    position: Position


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[Element] = []
        self.root: Element | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = lambda _: self._open.pop()
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse

    def here(self) -> Position:
        return Position(self._file, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        here = self.here()
        if len(self._open) >= _DEEPEST:
            raise XmlFault(f"elements are nested deeper than {_DEEPEST} levels", here)
        element = Element(tag, attributes, here, here)
        if self._open:
            self._open[-1].children.append(element)
            self._open[-1].texts.append("")
        else:
            self.root = element
        self._open.append(element)

    def _characters(self, text: str) -> None:
        element = self._open[-1]
        if not element.children and not element.text:
            element.text_position = self.here()
        element.texts[-1] += text

    def _refuse(self, *_: object) -> None:
        raise XmlFault("document types and entities are not supported", self.here())


def parse_xml(source: bytes, file: str) -> Element:
    """Read a tree; raise XmlFault at the first place that is wrong."""
    builder = _Builder(file)
    try:
        builder.parser.Parse(source, True)  # noqa: FBT003 - expat takes no keyword
    except expat.ExpatError as problem:
        message = expat.ErrorString(problem.code) or "not well-formed"
        raise XmlFault(message, Position(file, problem.lineno, problem.offset + 1)) from None
    except (ValueError, LookupError) as problem:
        raise XmlFault(f"unknown encoding: {problem}", builder.here()) from None
    if builder.root is None:
        raise XmlFault("the file has no element", builder.here())
    return builder.root


def significant(element: Element) -> list[str]:
    """Return the texts of an element without what is only white space between elements."""
    kept = [text if text.strip() else "" for text in element.texts]
    return kept if element.children or "\n" in element.text else element.texts


def written(element: Element, first_line: str = "") -> str:
    """Return the element as indented XML in ASCII; `first_line` goes in as a comment before the first child."""
    lines, comment = _lines(element, ""), f"<!-- {first_line} -->"
    if first_line and len(lines) > 1:
        lines.insert(1, f"  {comment}")
    elif first_line:
        lines = [f"{_start_tag(element, '>')}{comment}{_inner(element)}</{element.tag}>"]
    return "\n".join(lines) + "\n"


def _lines(element: Element, indent: str) -> list[str]:
    texts = significant(element)
    if element.children and not any(texts):
        inner = [line for child in element.children for line in _lines(child, indent + "  ")]
        return [indent + _start_tag(element, ">"), *inner, f"{indent}</{element.tag}>"]
    return [indent + compact(element)]


def compact(element: Element, *, sort: bool = False) -> str:
    """Return the element as XML without any white space of its own, attributes in order of name with `sort`."""
    inner = _inner(element, sort=sort)
    if not inner:
        return _start_tag(element, "/>", sort=sort)
    return f"{_start_tag(element, '>', sort=sort)}{inner}</{element.tag}>"


def _inner(element: Element, *, sort: bool = False) -> str:
    first, *texts = (_ascii(text, _TEXT) for text in significant(element))
    children = (compact(child, sort=sort) for child in element.children)
    return first + "".join(child + text for child, text in zip(children, texts, strict=True))


def _start_tag(element: Element, end: str, *, sort: bool = False) -> str:
    given = element.attributes.items()
    attributes = "".join(f' {name}="{_ascii(value, _ATTRIBUTE)}"' for name, value in (sorted(given) if sort else given))
    return f"<{element.tag}{attributes}{end}"


def _ascii(text: str, escapes: dict[int, str]) -> str:
    return text.translate(escapes).encode("ascii", "xmlcharrefreplace").decode()
