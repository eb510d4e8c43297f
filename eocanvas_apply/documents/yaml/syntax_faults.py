"""Words for what can be wrong with a YAML text."""

from __future__ import annotations

import re

import yaml

from eocanvas_apply.diagnostics import Diagnostic, error, warning
from eocanvas_apply.documents.yaml.composer import Fault

_WORDS = {
    "yaml-documents": (
        "a second document starts here",
        "keep one document in a file: take out this --- and what follows",
    ),
    "yaml-tag": ("YAML tags have no meaning here", "take the !tag out; put text that only looks like one in quotes"),
    "yaml-depth": ("this is nested deeper than 100 levels", "write it flatter"),
    "yaml-key": ("a list or mapping stands where a name belongs", "put quotes around a name that begins with { or ["),
    "yaml-alias": ("this alias names no anchor that ends before it", "define it as &name further up"),
    "yaml-aliases": ("the aliases of this file multiply it beyond measure", "write out what they stand for"),
    "yaml-merge-key": ("merge keys (<<) are not read", "write the fields out, or use an alias for a whole value"),
}
_REFERENCE = re.compile(r"\$\{?[^\s{}]*$")


def words_for(fault: Fault, first_line: int | None) -> Diagnostic:
    """Return the fault as a diagnostic without a place; `first_line` is where a double key stands first."""
    if fault.code == "yaml-1-1":
        return warning(
            "yaml-1-1",
            "this stays as it is written; a reader of YAML 1.1 takes it for something else",
            "put it in quotes to mean the text, whoever reads it",
        )
    if fault.code == "duplicate-key":
        message = f"this key stands here twice; the first one is in line {first_line}"
        return error("duplicate-key", message, "keep one of the two")
    return error(fault.code, *_WORDS[fault.code])


def syntax_error(text: str, at: int, problem: yaml.YAMLError, opened_in_line: int | None) -> Diagnostic:
    """Say in plain words why the text is no YAML, as far as the character at `at` tells."""
    if text[at - 1 : at + 1] == "${" or (_REFERENCE.search(text[:at]) and text[at : at + 1] == "{"):
        return error(
            "unquoted-reference",
            "inside { } and [ ] a reference needs quotes",
            f'write "{_whole_reference(text, at - 1)}"',
        )
    message, hint = _explained(text, at, getattr(problem, "problem", None) or "", opened_in_line)
    return error("yaml-syntax", message, hint)


def _whole_reference(text: str, start: int) -> str:
    found = re.compile(r"\$\{[A-Za-z0-9_.]*\}").match(text, start)
    return found[0] if found else "${...}"


def _explained(text: str, at: int, problem: str, opened_in_line: int | None) -> tuple[str, str]:
    character = text[at : at + 1]
    if character == "\t" or "tab character" in problem:
        return "a tab stands where spaces belong", "indent with spaces"
    if character in ("@", "`", "%") and character:
        return f"no text can begin with {character} here", "put the text in quotes"
    if not text[at:].strip() and opened_in_line:
        return f"the file ends before what begins in line {opened_in_line} is closed", "close the quote or bracket"
    if "mapping values" in problem:
        return "a second `: ` in one line, or a line that is indented wrongly", "put text that holds `: ` in quotes"
    if "block sequence entries" in problem:
        return "a list item cannot begin here", "begin the list on the next line, or write [a, b]"
    if "escape" in problem:
        return "after a backslash in double quotes this character means nothing", "use single quotes"
    return _as_told(problem)


def _as_told(problem: str) -> tuple[str, str]:
    wanted = re.search(r"expected (?:',' or )?'([\]}])'", problem)
    if wanted:
        return f"a comma or {wanted[1]} is missing before this", "separate with commas, close with the bracket"
    if "expected key" in problem or "expected <block end>" in problem:
        return "this does not belong to the lines above it", "check the indentation, and quotes that end too early"
    if "'-' indicator" in problem:
        return "a list and names cannot stand side by side", "check the indentation"
    return "this is no YAML", "check quotes, brackets and indentation of this line and the one above"
