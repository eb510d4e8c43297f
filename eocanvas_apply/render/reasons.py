"""An action of a plan as parts of sentences: why, from when on, and what to do next."""

from __future__ import annotations

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render.layout import moment, one_line

_REFUSED = "correct its definition, or try again: eocanvas-apply apply --retry-failed"


def in_words(planned: PlannedAction) -> str:
    """Return what the reason of an action means, and its note."""
    words = planned.row.words
    return f"{words}: {one_line(planned.note)}" if planned.note else words


def when(planned: PlannedAction) -> str:
    """Return from when an action may start; an estimate where it depends on the ends of other jobs."""
    word = "probably at" if planned.is_expected else "not before"
    return f"{word} {moment(planned.not_before)}"


def advice(planned: PlannedAction, *, refused: bool = False, of_several: bool = False) -> str:
    """Return what to do next; a job that was `refused` has no log; `of_several` writes ADDRESS for the address."""
    if refused and planned.reason is Reason.FAILED:
        return _REFUSED
    return planned.row.advice.format(address="ADDRESS" if of_several else typed(planned.address))
