"""An XML tree with positions. Declarations of entities, and what is too deep or too large are refused."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from xml.parsers import expat

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Position

_DEEPEST = 200
_MOST_ELEMENTS = 150_000
# What stands behind so many comments, references and the like in one text has a place that is only nearly right.
_MOST_PLACES = 1000
_CLOSING = re.compile(r"(?:</)?([^\s<>/]+)")
# Of a closing tag so much is looked at.
_LONGEST_NAME = 300
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE = _TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


class Element(Struct):
    """An element. `texts` has one more member than `children`: what stands before, between and after them.

    `places` are the characters of its first text from which on it stands without gap in the file, and where that is.
    """

    tag: str
    attributes: dict[str, str]
    position: Position
    places: list[tuple[int, Position]] = field(default_factory=list)
    texts: list[str] = field(default_factory=lambda: [""])
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands before the first child: all there is in an element without children."""
        return self.texts[0]

    @property
    def text_position(self) -> Position:
        """Where its first text begins, without the white space before it."""
        start = len(self.text) - len(self.text.lstrip())
        begin, position = self.place_before(start)
        return advanced(position, self.text, begin, start)

    def place_before(self, offset: int) -> tuple[int, Position]:
        """Return the last known place at or before a character of the first text."""
        number = bisect_right(self.places, offset, key=itemgetter(0))
        return self.places[number - 1] if number else (0, self.position)

    @property
    def all_texts(self) -> tuple[str, ...]:
        """Its texts and the values of its attributes."""
        return (*self.texts, *self.attributes.values())

    def child(self, tag: str) -> Element | None:
        """Return the first child of that name."""
        return next((child for child in self.children if child.tag == tag), None)

    def walk(self) -> Iterator[Element]:
        """Yield the element and everything in it, in the order of the text."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += reversed(element.children)

    def changed(self, change: Callable[[str], str]) -> Element:
        """Return a copy with `change` applied to every text and attribute value in it."""
        texts = [change(text) for text in self.texts]
        return Element(
            self.tag,
            {name: change(value) for name, value in self.attributes.items()},
            self.position,
            self.places if texts[0] == self.text else self.places[:1],
            texts,
            [child.changed(change) for child in self.children],
        )


@dataclass(eq=False)
class XmlFault(Exception):
    """The text is not well-formed, or holds what is refused; `position` is the place, `too_large` names a limit."""

    message: str
    position: Position
    too_large: bool = False


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[Element] = []
        self._count = 0
        # Expat hands over a text line by line. Joined once, since adding each to the others takes quadratic time.
        self._pieces: list[str] = []
        self._length = 0
        # Where the next piece stands when nothing that is no text comes before it.
        self._next = (0, 0)
        self.root: Element | None = None
        # A name given here wins over the encoding that the text declares.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype

    def here(self) -> Position:
        return Position(self._file, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._end_text()
        here = self.here()
        self._check_size(len(attributes), here)
        element = Element(tag, attributes, here)
        if self._open:
            self._open[-1].children.append(element)
            self._open[-1].texts.append("")
        else:
            self.root = element
        self._open.append(element)

    def _check_size(self, attributes: int, here: Position) -> None:
        self._count += 1 + attributes
        if len(self._open) >= _DEEPEST:
            raise XmlFault(f"elements are nested deeper than {_DEEPEST} levels", here)
        if self._count > _MOST_ELEMENTS:
            raise XmlFault(f"more than {_MOST_ELEMENTS:,} elements and attributes", here, too_large=True)

    def _end(self, _: str) -> None:
        self._end_text()
        self._open.pop()

    def _characters(self, text: str) -> None:
        if text != "\n" and not self._open[-1].children:
            self._mark_place(text)
        self._length += len(text)
        self._pieces.append(text)

    def _mark_place(self, text: str) -> None:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber
        places = self._open[-1].places
        if (line, column) != self._next and len(places) < _MOST_PLACES:
            places.append((self._length, Position(self._file, line, column + 1)))
        self._next = (line, column + len(text))

    def _end_text(self) -> None:
        if self._pieces:
            self._open[-1].texts[-1] = "".join(self._pieces)
            self._pieces.clear()
            self._length = 0

    def fault(self, message: str, place: Position, content: bytes) -> XmlFault:
        """Return a fault at the element that is not closed, where that is what is wrong."""
        begin = self.parser.ErrorByteIndex
        closing = _CLOSING.match(content[begin : begin + _LONGEST_NAME].decode("utf-8", "replace"))
        if message == "no element found" and self._open:
            return self._not_closed("the end of the file")
        if message != "mismatched tag" or closing is None or not self._open:
            return XmlFault(message, place)
        if any(each.tag == closing[1] for each in self._open):
            return self._not_closed(f"</{closing[1]}> on line {place.line}")
        last = self._open[-1]
        what = f"</{closing[1][:60]}> closes nothing; <{last.tag[:60]}> is open since line {last.position.line}"
        return XmlFault(what, place)

    def _not_closed(self, before: str) -> XmlFault:
        last = self._open[-1]
        return XmlFault(f"<{last.tag[:60]}> is not closed before {before}", last.position)

    def _doctype(self, _: str, system: str | None, public: str | None, subset: bool) -> None:  # noqa: FBT001 - expat's
        # One that only names the root says nothing; what a longer one declares or names is never read.
        if subset or system is not None or public is not None:
            raise XmlFault("document types that declare or name something are not supported", self.here())


def advanced(position: Position, text: str, start: int, end: int) -> Position:
    """Return the place of the character `end` of a text, of which the character `start` stands at a place."""
    breaks = text.count("\n", start, end)
    if not breaks:
        return replace(position, column=position.column + end - start)
    return replace(position, line=position.line + breaks, column=end - text.rindex("\n", start, end))


def parse_xml(source: str, file: str) -> Element:
    """Read a tree, whatever encoding its first line declares; raise XmlFault at the first place that is wrong."""
    builder, content = _Builder(file), source.encode()
    try:
        builder.parser.Parse(content, True)  # noqa: FBT003 - expat takes no keyword
    except expat.ExpatError as problem:
        place = Position(file, problem.lineno, problem.offset + 1)
        raise builder.fault(expat.ErrorString(problem.code) or "not well-formed", place, content) from None
    if builder.root is None:
        raise XmlFault("the file has no element", builder.here())
    return builder.root


def significant(element: Element) -> list[str]:
    """Return the texts of an element without what is only white space between elements."""
    kept = [text if text.strip() else "" for text in element.texts]
    return kept if element.children or "\n" in element.text else element.texts


def written(element: Element, first_line: str = "") -> str:
    """Return the element as indented XML in ASCII; `first_line` goes in as a comment before the first child."""
    lines: list[str] = []
    _indent(element, "", lines)
    comment = f"<!-- {first_line} -->"
    if first_line and len(lines) > 1:
        lines.insert(1, f"  {comment}")
    elif first_line:
        lines = [f"{_start_tag(element, '>')}{comment}{''.join(_inner(element))}</{element.tag}>"]
    return "\n".join(lines) + "\n"


def _indent(element: Element, indent: str, lines: list[str]) -> None:
    if not element.children or any(significant(element)):
        lines.append(indent + compact(element))
        return
    lines.append(indent + _start_tag(element, ">"))
    for child in element.children:
        _indent(child, indent + "  ", lines)
    lines.append(f"{indent}</{element.tag}>")


def compact(element: Element, *, sort: bool = False) -> str:
    """Return the element as XML without any white space of its own, attributes in order of name with `sort`."""
    return "".join(_parts(element, sort=sort))


def _parts(element: Element, *, sort: bool) -> list[str]:
    inner = _inner(element, sort=sort)
    if not any(inner):
        return [_start_tag(element, "/>", sort=sort)]
    return [_start_tag(element, ">", sort=sort), *inner, f"</{element.tag}>"]


def _inner(element: Element, *, sort: bool = False) -> list[str]:
    first, *texts = significant(element)
    parts = [_ascii(first, _TEXT)]
    for child, text in zip(element.children, texts, strict=True):
        parts += _parts(child, sort=sort)
        parts.append(_ascii(text, _TEXT))
    return parts


def _start_tag(element: Element, end: str, *, sort: bool = False) -> str:
    given = element.attributes.items()
    attributes = "".join(f' {name}="{_ascii(value, _ATTRIBUTE)}"' for name, value in (sorted(given) if sort else given))
    return f"<{element.tag}{attributes}{end}"


def _ascii(text: str, escapes: dict[int, str]) -> str:
    return text.translate(escapes).encode("ascii", "xmlcharrefreplace").decode()
