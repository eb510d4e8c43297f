"""How many jobs stand where: a sentence, or of several campaigns a table with a row for each."""

from __future__ import annotations

from collections.abc import Sequence

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.render.layout import Style, cut
from eocanvas_apply.report.status import Tally, together

# In the order in which they are counted; what is done stands before them.
COLOURS = {
    Phase.RUNNING: "cyan",
    Phase.WAITING: "dim",
    Phase.FAILED: "red",
    Phase.UNDECIDED: "yellow",
    Phase.LEFT_OUT: "dim",
}
_GAP = "  "


def counts(found: Sequence[Tally], style: Style) -> list[str]:
    """Return the lines; nothing where there are no jobs."""
    if len(found) < 2:
        return [_sentence(tally, style) for tally in found]
    total = together(found)
    phases = [phase for phase in COLOURS if total.counts[phase]]
    rows = [*((tally.campaign or "other jobs", tally) for tally in found), ("total", total)]
    cells = [[f"{tally.counts[Phase.DONE]}/{tally.total}", *_numbers(tally, phases)] for _, tally in rows]
    heads = [str(phase) for phase in (Phase.DONE, *phases)]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    room = (style.width or 1000) - sum(widths) - len(_GAP) * len(widths)
    names = [cut(name, max(room, 5)) for name, _ in rows]
    widest = max(map(len, names))
    head = _GAP.join([" " * widest, *(text.rjust(width) for text, width in zip(heads, widths, strict=True))])
    lines = [
        _GAP.join([name.ljust(widest), *_painted(row, widths, phases, style)])
        for name, row in zip(names, cells, strict=True)
    ]
    return [style.paint(head, "dim"), *lines]


def _sentence(tally: Tally, style: Style) -> str:
    """Return `job.tiles: 3 of 10 done, 2 running, 5 waiting`."""
    others = [style.paint(f"{tally.counts[each]} {each}", COLOURS[each]) for each in COLOURS if tally.counts[each]]
    return ", ".join([f"{tally.campaign or 'jobs'}: {tally.counts[Phase.DONE]} of {tally.total} done", *others])


def _numbers(tally: Tally, phases: Sequence[Phase]) -> list[str]:
    return [str(tally.counts[phase] or "-") for phase in phases]


def _painted(row: Sequence[str], widths: Sequence[int], phases: Sequence[Phase], style: Style) -> list[str]:
    aligned = [text.rjust(width) for text, width in zip(row, widths, strict=True)]
    colours = ["", *("dim" if text == "-" else COLOURS[phase] for text, phase in zip(row[1:], phases, strict=True))]
    return [style.paint(text, *filter(None, (colour,))) for text, colour in zip(aligned, colours, strict=True)]
