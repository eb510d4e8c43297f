"""Diagnostics as text with the source line and a caret, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import MOST_OF_A_CODE, Diagnostic, Position, Severity, limited
from eocanvas_apply.render import FORMAT_VERSION
from eocanvas_apply.render.layout import PLAIN, Style, counted, printable, shortened

if TYPE_CHECKING:
    # Only for types: the module imports pydantic, which a usage error does not need.
    from eocanvas_apply.render.json_shapes import DiagnosticJson

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_ORDER = list(Severity)
# How many diagnostics that differ only in their address are shown in full.
_FEW = 3


def in_reading_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return them errors first, then by file, line and column; those without a position first."""
    return sorted(diagnostics, key=_rank)


def _rank(diagnostic: Diagnostic) -> tuple[int, bool, str, int, int, str]:
    place = diagnostic.position or Position("", 0, 0)
    order = (_ORDER.index(diagnostic.severity), diagnostic.more > 0)
    return (*order, place.file, place.line, place.column, diagnostic.address or "")


def as_json(diagnostic: Diagnostic) -> DiagnosticJson:
    """Return one as its JSON document of eight keys; what it does not have is null."""
    place = diagnostic.position
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint or None,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "address": diagnostic.address,
    }


def reported(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the first hundred of each code in reading order, each once, then the numbers of the others."""
    return in_reading_order(limited(in_reading_order(dict.fromkeys(diagnostics))))


def all_as_json(diagnostics: Iterable[Diagnostic]) -> list[DiagnosticJson]:
    """Return those that a document reports."""
    return [as_json(diagnostic) for diagnostic in reported(diagnostics)]


def text(diagnostics: Sequence[Diagnostic], style: Style = PLAIN) -> str:
    """Return all of them for a person, with a last line that counts them; empty without any.

    Of equal diagnostics of many instances the first few are shown, with the number of others; of all diagnostics of a
    code the first hundred.
    """
    if not diagnostics:
        return ""
    blocks: list[str] = []
    shown: Counter[str] = Counter()
    left_out: list[Diagnostic] = []
    for alike in _folded(diagnostics):
        code = alike[0].code
        if alike[0].more or shown[code] == MOST_OF_A_CODE:
            left_out += alike
            continue
        shown[code] += 1
        more = f"  ... and {{}} more like it {_code(code, style)}\n"
        blocks += shortened(alike, _FEW, lambda each: _block(each, style), more, spare=1)
    blocks += [style.wrap(f"  ... {rest.message} {_code(rest.code, style)}\n") for rest in limited(left_out, 0)]
    return "\n".join(blocks) + "\n" + summary(diagnostics) + "\n"


def _code(code: str, style: Style) -> str:
    return style.paint(f"[{code}]", "dim")


def _folded(diagnostics: Iterable[Diagnostic]) -> Iterable[list[Diagnostic]]:
    """Return them in reading order, grouped where only the address differs."""
    groups: dict[Hashable, list[Diagnostic]] = {}
    for each in in_reading_order(diagnostics):
        groups.setdefault((each.severity, each.code, each.position, each.hint), []).append(each)
    return groups.values()


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """Return `2 errors, 1 warning`."""
    numbers: Counter[Severity] = Counter()
    for diagnostic in diagnostics:
        numbers[diagnostic.severity] += diagnostic.more or 1
    counts = ((numbers[each], "note" if each is Severity.INFO else each.value) for each in _ORDER)
    return ", ".join(counted(number, noun) for number, noun in counts if number) or "no diagnostics"


def _block(diagnostic: Diagnostic, style: Style) -> str:
    severity = style.paint(diagnostic.severity.value, "bold", _COLOURS[diagnostic.severity])
    code = _code(diagnostic.code, style)
    lines = [style.wrap(f"{_place(diagnostic)}{severity}: {diagnostic.message} {code}")]
    if diagnostic.position and diagnostic.snippet is not None:
        lines += _excerpt(diagnostic.position, diagnostic.snippet, diagnostic.snippet_column, style)
    if diagnostic.hint:
        first, *rest = diagnostic.hint.splitlines()
        lines.append(style.wrap(f"  {style.paint('hint:', 'cyan')} {first}", " " * 6))
        lines += [style.wrap(f"        {line}", "") for line in rest]
    return "\n".join(lines) + "\n"


def _place(diagnostic: Diagnostic) -> str:
    if place := diagnostic.position:
        return f"{printable(place.file)}:{place.line}:{place.column}: "
    return f"{printable(diagnostic.address)}: " if diagnostic.address else ""


def _excerpt(place: Position, snippet: str, begin: int, style: Style) -> list[str]:
    number, line = str(place.line), printable(snippet.rstrip("\r\n"))
    before = max(place.column - begin, 0)
    # A tab before the caret stays a tab, whatever width the terminal gives it.
    padding = "".join("\t" if c == "\t" else " " for c in line[:before].ljust(before))
    return [
        style.paint(f"  {number} | ", "dim") + line,
        style.paint(f"  {' ' * len(number)} | ", "dim") + padding + style.paint("^", "bold"),
    ]


def document(
    command: str, fields: Mapping[str, object], exit_code: int, diagnostics: Iterable[Diagnostic]
) -> dict[str, object]:
    """Return the JSON document of a command: `fields` between its name and its exit code and diagnostics."""
    head: dict[str, object] = {"format_version": FORMAT_VERSION, "command": command}
    return {**head, **fields, "exit": int(exit_code), "diagnostics": all_as_json(diagnostics)}
