"""The text of a JSON file: its data, what is wrong with it, and where a value in it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import accumulate
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from eocanvas_apply.campaign.readers.encoding import decoded
from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.documents.numbers import as_written
from eocanvas_apply.errors import ManifestError

_DEEPEST = 100
# Longer ones stay text, as in YAML.
_LONGEST_NUMBER = 400
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
# A name has a colon behind it.
_NAME_OR_BRACKET = re.compile(r'("(?:[^"\\]++|\\.)*+")(\s*+:)?|[{}]', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BLANK = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What is meant as a number, what of one may stand before a fault, and the numbers of JSON.
_MEANT_AS_NUMBER = re.compile(r"[-+.0-9][-+.\w]*")
_BEGUN = re.compile(r"[-+.\w]*\Z")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
# The escapes of a text; the group is half of a pair that stands for one character.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
# What the parser's own message holds, what is said instead, and what to do.
_SYNTAX = {
    "Expecting ':'": ("a colon is missing before this", 'write "NAME": VALUE'),
    "Expecting ','": ("a comma or a closing bracket is missing before this", "separate with commas, close brackets"),
    "Unterminated string": ("this quote is never closed", "close it in the same line"),
    "control character": ("a line end or control character stands inside of a text", r'write it as an escape, "\n"'),
    "escape": ("unknown escape after a backslash", r'write a backslash twice, as in "C:\\data"'),
    "Extra data": ("the JSON ends before this", "put several values into one list: [..., ...]"),
    "trailing comma": ("there is a comma too many before this", "take it out, or add the value"),
    "double quotes": ("a name in double quotes is missing here", 'write "NAME": VALUE'),
    "": ("a value is missing here", "check commas and brackets"),
}


def parse_json(text: str, file: str) -> Any:
    """Return the data of a JSON text; raises ManifestError at the place of a fault.

    Numbers remember how they are written. NaN and Infinity, which JSON does not have, are None.
    """
    _guard_depth(text, file)
    twice: list[bool] = []

    def entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(found := dict(pairs)) < len(pairs):
            twice.append(True)
        return found

    try:
        data = json.loads(
            text, parse_int=_whole, parse_float=_real, parse_constant=lambda _: None, object_pairs_hook=entries
        )
    except json.JSONDecodeError as fault:
        # Python 3.13 stops at a comma too many, older ones behind it.
        at = _after_blank(text, fault.pos + 1) if "trailing comma" in fault.msg else fault.pos
        raise ManifestError(_refusal(text, fault).at(position(text, at, file))) from None
    _guard_characters(text, file)
    if twice:
        raise ManifestError(_duplicate(text, len(twice), file))
    return data


def read_json(content: bytes, file: str) -> tuple[str, Any]:
    """Return text and data of a JSON file; raises ManifestError."""
    text = decoded(content, file)
    return text, parse_json(text, file)


def position(text: str, index: int, file: str) -> Position:
    """Return line and column of a character."""
    return Position(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def locate(text: str, path: Sequence[str | int], file: str) -> Position:
    """Return where the value at a path of a valid text stands; of a missing one, its nearest owner."""
    at = _after_blank(text, 0)
    for part in path:
        if (found := _entry(text, at, part)) is None:
            break
        at = found
    return position(text, at, file)


def _entry(text: str, at: int, part: str | int) -> int | None:
    """Return where a value of the list or object at a place begins."""
    opening = text[at]
    if opening not in "[{" or (opening == "{") is not isinstance(part, str):
        return None
    at, number = _after_blank(text, at + 1), 0
    while text[at] not in "]}":
        name: str | int = number
        if opening == "{":
            name, at = scanstring(text, at + 1)
            at = _after_blank(text, _after_blank(text, at) + 1)
        if name == part:
            return at
        _, at = json.JSONDecoder().raw_decode(text, at)
        at, number = _after_blank(text, at), number + 1
        at = _after_blank(text, at + 1) if text[at] == "," else at
    return None


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _guard_depth(text: str, file: str) -> None:
    brackets = _STRING.sub("", text).encode("utf-8", "replace").translate(None, _NO_BRACKETS)
    if max(accumulate(1 if each in b"[{" else -1 for each in brackets), default=0) <= _DEEPEST:
        return
    depth = 0
    for found in _TOKEN.finditer(text):
        depth += 1 if found[0] in "[{" else -1 if found[0] in "]}" else 0
        if depth > _DEEPEST:
            fault = error("json-syntax", f"this is nested deeper than {_DEEPEST} levels", "write it flatter")
            raise ManifestError(fault.at(position(text, found.start(), file)))


def _duplicate(text: str, objects: int, file: str) -> Diagnostic:
    """Return the diagnostic about the first name that stands twice in one object of a valid text."""
    open_objects: list[dict[str, int]] = []
    for found in _NAME_OR_BRACKET.finditer(text):
        if found[0] == "{":
            open_objects.append({})
        elif found[0] == "}":
            open_objects.pop()
        elif found[2] and (first := open_objects[-1].setdefault(json.loads(found[1]), found.start())) < found.start():
            line = position(text, first, file).line
            where = "" if objects == 1 else f" (in {objects} objects, this is the first)"
            message = f"duplicate key; the first one is on line {line}{where}"
            return error("duplicate-key", message, "keep one of the two").at(position(text, found.start(), file))
    raise AssertionError


def _guard_characters(text: str, file: str) -> None:
    half = next((found for found in _ESCAPE.finditer(text) if found[1]), None) if "\\u" in text else None
    if half:
        fault = error("json-syntax", f"`{half[0]}` is half of a character", "write the character itself")
        raise ManifestError(fault.at(position(text, half.start(), file)))


def _whole(text: str) -> int | str:
    return as_written(int(text), text) if len(text) <= _LONGEST_NUMBER else text  # type: ignore[return-value]


def _real(text: str) -> float | str:
    return as_written(float(text), text) if len(text) <= _LONGEST_NUMBER else text


def _refusal(text: str, fault: json.JSONDecodeError) -> Diagnostic:
    of_value = fault.msg.startswith(("Expecting value", "Expecting ','"))
    number = _no_number(text, fault.pos) if of_value else ""
    if not number:
        return _OF_LINES if _is_of_lines(text, fault) else _syntax_error(text, fault)
    hint = "write digits without zeros or a + before them, such as 7, -7 or 0.5; other text in double quotes; else null"
    return error("json-syntax", f"`{number[:60]}` is not a number in JSON", hint)


def _no_number(text: str, at: int) -> str:
    """Return what is meant as a number around a place and is none; empty for anything else."""
    begun = _BEGUN.search(text, max(0, at - 60), at)
    found = _MEANT_AS_NUMBER.match(text[begun.start() if begun else at : at + 60])
    return found[0] if found and not _NUMBER.fullmatch(found[0]) else ""


_OF_LINES = error(
    "json-syntax",
    "this is line-delimited JSON, a value in each line; it must be one value",
    "make one list of it: `jq -s . FILE > NEW.json`; of GeoJSON: `ogr2ogr NEW.geojson FILE`",
)


def _is_of_lines(text: str, fault: json.JSONDecodeError) -> bool:
    """Whether each line is a value of its own; one kind begins each with a record separator."""
    before, rest = text[: fault.pos], text[fault.pos : fault.pos + 1]
    return rest == "\x1e" or ("Extra data" in fault.msg and rest in ("{", "[") and before.rstrip(" \t").endswith("\n"))


def _syntax_error(text: str, fault: json.JSONDecodeError) -> Diagnostic:
    rest = text[fault.pos : fault.pos + 100]
    if not rest.strip():
        what = "the file ends too early" if text.strip() else "the file is empty"
        return error("json-syntax", what, "close every bracket and brace" if text.strip() else "")
    if "Expecting value" in fault.msg or "double quotes" in fault.msg:
        if rest.startswith(("'", "\u201c", "\u201d")):
            return error("json-syntax", "text stands in double quotes", 'write "..."')
        if rest.startswith(("//", "/*", "#")):
            return error("json-syntax", "comments are not allowed in JSON", "take it out")
        if rest.startswith(("]", "}", ",")) and text[: fault.pos].rstrip().endswith(","):
            return error("json-syntax", "there is a comma too many before this", "take it out, or add the value")
        if rest.startswith("<"):
            return error("json-syntax", "this is HTML or XML, not JSON", "see whether it is the file that you mean")
        if word := _WORD.match(rest):
            hint = "text and names stand in double quotes; the other words are true, false and null"
            return error("json-syntax", f"`{word[0][:60]}` is not valid in JSON", hint)
    return error("json-syntax", *next(said for part, said in _SYNTAX.items() if part in fault.msg))
