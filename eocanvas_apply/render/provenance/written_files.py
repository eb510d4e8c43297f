"""Which catalogues of results were written, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eocanvas_apply.render.layout import PLAIN, Style, counted
from eocanvas_apply.report.provenance.written_catalogue import Written

_LEFT = {"edited": "edited", "missing": "missing", "pending": "not downloaded"}
_NEXT = {
    "pending": "eocanvas-apply results --fetch downloads what is not here",
    "missing": "eocanvas-apply results --refetch downloads again what is missing or edited",
    "edited": "eocanvas-apply results --refetch downloads again what is missing or edited",
}


def text(files: Sequence[Written], style: Style = PLAIN) -> str:
    """Return a line for each, what it leaves out, and what to do about that."""
    if not files:
        return "No results here or at a key yet: nothing written. What jobs are doing: eocanvas-apply status\n"
    lines = [f"{each.path}: {counted(each.results, 'result')} of {each.address}{_left(each.left)}" for each in files]
    states = {state for each in files for state in each.left}
    hints = dict.fromkeys(_NEXT[state] for state in sorted(states) if state in _NEXT)
    return style.wrap("\n".join([*lines, *(f"  next: {hint}" for hint in hints)]) + "\n")


def _left(left: Mapping[str, int]) -> str:
    counts = [f"{left[state]} {words}" for state, words in _LEFT.items() if left.get(state)]
    return f"; not described: {', '.join(counts)}" if counts else ""
