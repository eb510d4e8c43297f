"""The names in a graph that SNAP fills in, found as SNAP finds them.

SNAP reads `${` up to the next `}`. Without braces a name is letters, digits, `_`, `$` and `.`; anything else ends it,
a hyphen too. What a graph is sent as is ASCII, so other letters end it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Position
from eocanvas_apply.documents.xml_tree import Element, advanced

_PLACEHOLDER = re.compile(r"\$(?:(?P<brace>\{)(?P<long>[^}]*)(?P<end>\}|\Z)|(?P<short>[A-Za-z_$][A-Za-z0-9_$.]*))")
_WHOLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = 60


class Placeholder(Struct, frozen=True):
    """A `$name` or `${name}` in a text or attribute; `element` is where it stands, `start` and `end` its characters.

    `closed` is False for a `${` without `}`, `alone` tells that nothing but white space stands beside it.
    """

    name: str
    braces: bool
    closed: bool
    alone: bool
    start: int
    end: int
    text: str
    element: Element
    position: Position

    @property
    def whole(self) -> bool:
        """Whether the name is one that can be filled: letters, digits and `_`."""
        return self.closed and _WHOLE_NAME.fullmatch(self.name) is not None

    @property
    def written(self) -> str:
        """How it is written, cut where it is too long to show."""
        return self.text[self.start : min(self.end, self.start + _SHOWN)]


def placeholders_of(element: Element) -> Iterator[Placeholder]:
    """Yield the placeholders of an element, without its children, also those that SNAP does not substitute."""
    for number, text in enumerate(element.all_texts):
        for each in _placeholders(element, text) if "$" in text else ():
            yield replace(each, position=element.position) if number else each


def _placeholders(element: Element, text: str) -> Iterator[Placeholder]:
    bare, position, before = len(text.strip()), element.position, -1
    for found in _PLACEHOLDER.finditer(text):
        # Counted from the placeholder before: from the beginning each time would take quadratic time.
        begin, place = element.place_before(found.start())
        position, before = (place, begin) if begin > before else (position, before)
        position, before = advanced(position, text, before, found.start()), found.start()
        yield Placeholder(
            name=found["short"] or found["long"] or "",
            braces=found["brace"] is not None,
            closed=found["brace"] is None or found["end"] == "}",
            alone=found.end() - found.start() == bare,
            start=found.start(),
            end=found.end(),
            text=text,
            element=element,
            position=position,
        )
