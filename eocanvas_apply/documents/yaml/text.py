"""A YAML text with the position of everything in it, and messages for its faults."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import yaml

from eocanvas_apply.diagnostics import LONGEST_SNIPPET, Diagnostic, Excerpt, Position, error, excerpt, warning
from eocanvas_apply.documents.yaml.composer import MOST_VALUES, Composer, Fault
from eocanvas_apply.documents.yaml.nodes import Data, Node, Path, Span, name_span, to_data, value_span

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LINE_ENDS = "\r\n\x85\u2028\u2029"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")

_MESSAGES = {
    "yaml-1-1": (
        "this is text here; YAML 1.1 programs read another value",
        "put it in quotes: then it is text for every program",
    ),
    "duplicate-key": ("duplicate key; the first one is on line {line}", "keep one of the two"),
    "yaml-documents": (
        "a second document starts here",
        "keep one document in a file: take out this --- and what follows",
    ),
    "yaml-tag": ("YAML tags are not supported", "take the !tag out; put text that only looks like one in quotes"),
    "yaml-depth": ("nested deeper than 100 levels", "write it flatter"),
    "yaml-too-large": (
        f"more than {MOST_VALUES:,} values in one file",
        "write rows into a CSV or JSON file, and name it in for_each",
    ),
    "yaml-key": ("a list or mapping cannot be a key", "put quotes around a name that begins with { or ["),
    "yaml-alias": ("no anchor of this name before this alias", "define it as &name further up"),
    "yaml-aliases": ("the aliases of this file expand it too much", "write out what they stand for"),
    "yaml-merge-key": ("merge keys (<<) are not supported", "write the fields out, or use an alias for a whole value"),
    "not-a-mapping": ("a merge key (<<) takes a mapping or a list of mappings", "write <<: *NAME of an anchor above"),
}
_NUMBER_1_1 = (
    "this is a number here, and stays as written inside a longer text; YAML 1.1 programs read another value",
    "put it in quotes if it is text",
)
# What the parser's own message holds, and what is said instead.
_SYNTAX = {
    "mapping values": ("a second `: ` on one line, or wrong indentation", "put text that holds `: ` in quotes"),
    "block sequence entries": ("a list item cannot begin here", "begin the list on the next line, or write [a, b]"),
    "escape": ("unknown escape after a backslash in double quotes", "use single quotes"),
    **dict.fromkeys(
        ("expected key", "expected <block end>"),
        ("this does not belong to the lines above it", "check the indentation, and quotes that end too early"),
    ),
    "expected ':'": ("a colon is missing behind a name", "write `name: value`, with a blank behind the colon"),
    "'-' indicator": ("a list and keys cannot be mixed at one level", "check the indentation"),
    "": ("not valid YAML", "check quotes, brackets and indentation of this line and the one above"),
}
_REFERENCE = re.compile(r"\$\{?[^\s{}$]*$")
# A reference is looked for in so many characters before a fault.
_LONGEST_REFERENCE = 200


@dataclass(frozen=True)
class YamlText:
    """One file: its text, its nodes (None when it is not YAML), and its faults.

    `stopped_under` holds the keys that were open where reading stopped, so that masking knows what the line at
    that place may show.
    """

    file: str
    text: str
    root: Node | None
    faults: tuple[Diagnostic, ...]
    stopped_under: tuple[str, ...] = ()

    @classmethod
    def parse(cls, source: bytes | str, file: str, *, merge: bool = False) -> YamlText:
        """Read a text (UTF-8, with or without a byte order mark); faults are collected, never raised.

        Merge keys (`<<`) are faults without `merge`.
        """
        raw = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            return _undecodable(raw, file, problem.start)
        if found := _FORBIDDEN.search(text):
            return _unprintable(cls(file, text, None, ()), found.start())
        return _composed(cls(file, text, None, ()), Composer(file, merge=merge))

    @property
    def data(self) -> Data:
        """The whole text as plain data, None when there is nothing."""
        return None if self.root is None else to_data(self.root)

    @cached_property
    def line_starts(self) -> list[int]:
        """Where each line begins, in characters."""
        return [0, *(found.end() for found in _LINE_BREAK.finditer(self.text))]

    def position(self, index: int) -> Position:
        """Return line and column of a character."""
        line = bisect.bisect_right(self.line_starts, index)
        return Position(self.file, line, index - self.line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return a line without its end."""
        return self.text[slice(*self.line_span(number))]

    def line_span(self, number: int) -> tuple[int, int]:
        """Return where a line begins and ends, without its line break."""
        begin = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        while end > begin and self.text[end - 1] in _LINE_ENDS:
            end -= 1
        return begin, end

    def excerpt(self, position: Position) -> Excerpt:
        """Return the line at a position, or the part of a long one around it."""
        return excerpt(self.text, position.column, *self.line_span(position.line))

    def locate(self, path: Path) -> Position:
        """Return where the value at a path stands; of what is missing, where its nearest owner is named."""
        return self._begin(value_span(self.root, path))

    def locate_key(self, path: Path) -> Position:
        """Return where the last name of a path stands, or its nearest owner's."""
        return self._begin(name_span(self.root, path))

    def _begin(self, span: Span | None) -> Position:
        return self.position(span.start if span else 0)


def _undecodable(raw: bytes, file: str, at: int) -> YamlText:
    # The place counts in the raw bytes, those of a byte order mark included.
    text = YamlText(file, raw.decode("utf-8-sig", "replace"), None, ())
    place = text.position(len(raw[:at].decode("utf-8-sig", "replace")))
    what = "UTF-16 or UTF-32" if raw.startswith(_OTHER_BOMS) else "not UTF-8"
    fault = error("yaml-encoding", f"the text is {what}", "save the file as UTF-8")
    return replace(text, faults=(fault.at(place),))


def _unprintable(text: YamlText, at: int) -> YamlText:
    message = f"the control character U+{ord(text.text[at]):04X} is not allowed in YAML"
    fault = error("yaml-syntax", message, 'write it as an escape in double quotes, such as "\\u0007"')
    return replace(text, faults=(fault.at(text.position(at)),))


def _composed(text: YamlText, composer: Composer) -> YamlText:
    try:
        composer.compose(text.text)
    except Fault as fault:
        return _stopped(text, composer, fault.at, partial(_placed, fault=fault))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        at = min(mark.index, len(text.text)) if mark else 0
        return _stopped(text, composer, at, partial(_syntax_error, problem=problem, at=at))
    faults = tuple(_placed(text, fault) for fault in composer.faults)
    return replace(text, root=composer.root, faults=faults, stopped_under=composer.open_keys)


def _stopped(text: YamlText, composer: Composer, at: int, fault: Callable[[YamlText], Diagnostic]) -> YamlText:
    """Return a text that could be read up to a place only; what stands far behind it is left out."""
    read = replace(text, text=text.text[: at + LONGEST_SNIPPET], stopped_under=composer.open_keys)
    return replace(read, faults=(fault(read), *(_placed(read, each) for each in composer.faults)))


def _placed(text: YamlText, fault: Fault) -> Diagnostic:
    message, hint = _NUMBER_1_1 if fault.number else _MESSAGES[fault.code]
    if fault.first is not None:
        message = message.format(line=text.position(fault.first).line)
    severity = warning if fault.code == "yaml-1-1" else error
    return severity(fault.code, message, hint).at(text.position(fault.at))


def _syntax_error(text: YamlText, problem: yaml.YAMLError, at: int) -> Diagnostic:
    """Return why the text is not valid YAML, judged by the character where the parser stopped."""
    opened = getattr(problem, "context_mark", None)
    before = text.text[max(at - _LONGEST_REFERENCE, 0) : at]
    if text.text[at - 1 : at + 1] == "${" or (_REFERENCE.search(before) and text.text[at : at + 1] == "{"):
        reference = re.compile(r"\$\{[A-Za-z0-9_.]*\}").match(text.text, at - 1)
        hint = f'write "{reference[0] if reference else "${...}"}"'
        found = error("unquoted-reference", "inside { } and [ ] a reference needs quotes", hint)
    else:
        said = getattr(problem, "problem", None) or ""
        # The parser notices only at the next name.
        at = opened.index if opened and "expected ':'" in said else at
        found = error("yaml-syntax", *_explained(text.text, at, said, opened.line + 1 if opened else None))
    return found.at(text.position(at))


def _explained(text: str, at: int, problem: str, opened_in_line: int | None) -> tuple[str, str]:
    rest = text[at : at + 1]
    if rest == "\t" or "tab character" in problem:
        return "a tab where spaces are needed", "indent with spaces"
    if "expected ':'" in problem and "\N{NO-BREAK SPACE}" in text[at:].partition("\n")[0]:
        return "this line holds a no-break space, which is no blank to YAML", "type a plain blank in its place"
    if rest in ("@", "`", "%"):
        return f"a value cannot begin with {rest}", "put the text in quotes"
    if opened_in_line and not text[at:].strip():
        return f"the quote or bracket on line {opened_in_line} is never closed", "close it"
    if wanted := re.search(r"expected (?:',' or )?'([\]}])'", problem):
        return f"a comma or {wanted[1]} is missing before this", "separate with commas, close with the bracket"
    if "mapping values" in problem and _is_too_deep(text, at):
        return "this line is indented deeper than the one above, which has a value already", "give both one indentation"
    return next(explanation for part, explanation in _SYNTAX.items() if part in problem)


def _is_too_deep(text: str, at: int) -> bool:
    """Whether the line at a place holds a first field, deeper than a line above it that ends with a value."""
    begin = text.rfind("\n", 0, at) + 1
    above = text[:begin].rstrip().rpartition("\n")[2]
    if ": " in text[begin:at] or above.endswith(":"):
        return False
    return _indentation(text[begin:at]) > _indentation(above)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
