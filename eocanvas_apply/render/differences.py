"""What differs from what was sent: a line a field, the lines of a graph or chain, and the fields as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.render.layout import Style, cut, one_line

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import ChangeJson

# Longer texts are a digest in JSON.
_LONGEST = 200
_WIDTH = 32
# So much of what is equal stands before the first difference of two long texts.
_BEFORE = 10
# Texts of more lines are not compared line by line.
_COMPARED = 5_000


def change_json(change: Change) -> ChangeJson:
    """Return one as JSON: a sensitive one without values, a long text as its digest."""
    if change.sensitive:
        return {"path": change.path, "sensitive": True}
    return {"path": change.path, "before": _digested(change.before), "after": _digested(change.after)}


def _digested(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _digested(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_digested(item) for item in value]
    if isinstance(value, str) and len(value) > _LONGEST:
        return "sha256:" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return value


def change_line(change: Change, style: Style, more: str = "") -> str:
    """Return `path: before -> after`; long texts are cut to where they differ."""
    return f"{style.paint(change.path, 'bold')}: {_words(change)}{more}"


def _words(change: Change) -> str:
    if change.sensitive:
        return "(secret changed)"
    before, after = _text(change.before), _text(change.after)
    if isinstance(change.before, str) and isinstance(change.after, str):
        before, after = _where_they_differ(before, after)
    return f"{cut(before, _WIDTH)} -> {cut(after, _WIDTH)}"


def _text(value: Any) -> str:
    return "(none)" if value is None else one_line(json.dumps(value, ensure_ascii=False, default=str), 10_000)


def _where_they_differ(before: str, after: str) -> tuple[str, str]:
    if max(len(before), len(after)) <= _WIDTH:
        return before, after
    equal = next((n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = equal - _BEFORE
    return (f"…{before[start:]}", f"…{after[start:]}") if start > 0 else (before, after)


def without_text(change: Change) -> str:
    """Return what became of a graph or chain whose lines cannot be compared."""
    if change.before is None:
        return "new"
    return "removed" if change.after is None else "changed; the earlier text is not kept on this machine"


def document_diff(before: str, after: str) -> list[str]:
    """Return the lines of a graph or chain that differ, each with the line before and after it.

    Of two very long ones it is the first difference only, since to compare them takes quadratic time.
    """
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > _COMPARED:
        return _first_difference(old, new)
    from difflib import unified_diff

    lines = unified_diff(old, new, lineterm="", n=1)
    return [one_line_kept(line) for line in lines if not line.startswith(("---", "+++"))]


def _first_difference(old: Sequence[str], new: Sequence[str]) -> list[str]:
    pairs = enumerate(zip_longest(old, new))
    at, (one, other) = next((place for place in pairs if place[1][0] != place[1][1]), (0, (None, None)))
    lines = [f"{sign}{line}" for sign, line in (("-", one), ("+", other)) if line is not None]
    note = f"(of more than {_COMPARED:,} lines only the first difference is shown)"
    return [f"@@ -{at + 1} +{at + 1} @@", *map(one_line_kept, lines), note]


def one_line_kept(line: str) -> str:
    """Return a line of a diff with its indent, cut in its middle where it is very long."""
    indent = len(line) - len(line.lstrip("+- "))
    return line[:indent] + one_line(line[indent:])


def painted(lines: Iterable[str], style: Style) -> Sequence[str]:
    """Return the lines of a diff in the usual colours."""
    colours = {"+": "green", "-": "red", "@": "dim"}
    return [style.paint(line, colours[line[0]]) if line[:1] in colours else line for line in lines]
