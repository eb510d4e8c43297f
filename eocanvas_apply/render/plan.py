"""A plan as text for people, dear things first, and as its JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.plan import ActionKind, Plan, PlannedAction, Reason
from eocanvas_apply.render import changes, forecast, orders
from eocanvas_apply.render.folding import folded
from eocanvas_apply.render.reasons import READING_ORDER, SIGNS, in_words, when
from eocanvas_apply.render.stamps import stamp
from eocanvas_apply.render.style import PLAIN, Style, counted

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import ActionDocument, PlanBody

_WITH_CHANGES = frozenset({ActionKind.REPLACE, ActionKind.RELAUNCH, ActionKind.ADOPT})
# So many instances of a campaign that are told the same are shown by name.
_FEW = 3
# A `none` that only says that all is well is counted, not listed.
_WELL = frozenset({Reason.DONE, Reason.UNCHANGED, Reason.EXISTING, Reason.NOT_NEEDED})


def body(plan: Plan, *, full: bool = False) -> PlanBody:
    """Return the plan as JSON, without what its command adds; with `full` large campaigns are not folded."""
    origin = plan.origin
    return {
        "plan_id": plan.plan_id,
        "project": origin.project,
        "service": origin.service,
        "account": origin.account,
        "ledger_id": origin.ledger_id,
        "ledger_head": origin.ledger_head,
        "manifest_digest": origin.manifest_digest,
        "created": stamp(plan.created) or "",
        "actions": list(map(_action, plan.actions) if full else folded(plan.actions, _action)),
        "summary": plan.counts,
        "forecast": forecast.document(plan),
    }


def _action(planned: PlannedAction) -> ActionDocument:
    document: ActionDocument = {
        "address": planned.address,
        "action": planned.action,
        "reason": planned.reason,
        "depends_on": list(planned.depends_on),
    }
    if planned.note:
        document["note"] = planned.note
    if planned.awaits:
        document["awaits"] = list(planned.awaits)
    if planned.action in _WITH_CHANGES and planned.changes:
        document["changes"] = [changes.document(change) for change in planned.changes]
    return document


def text(plan: Plan, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return the plan for a person: relaunches, replaces and deletes first, what stays as it is only counted.

    Campaigns are cut short; with `full` every address is shown, also what stays as it is.
    """
    shown = sorted((planned for planned in plan.actions if full or not _is_well(planned)), key=_rank)
    blocks = [_block(planned, style) for planned in shown] if full else list(_blocks(shown, style))
    parts = ["\n".join(blocks)] if blocks else []
    return "\n\n".join([_title(plan, style), *parts, _closing(plan)]) + "\n"


def _blocks(shown: Sequence[PlannedAction], style: Style) -> Iterator[str]:
    """Yield a block an address; of a campaign's instances that are told the same, the first few and their number."""
    for _, group in groupby(shown, key=_alike):
        alike = list(group)
        few = alike if len(alike) <= _FEW + 1 else alike[:_FEW]
        yield from (_block(planned, style) for planned in few)
        if rest := len(alike) - len(few):
            yield f"      and {rest} more of {alike[0].campaign}, likewise"


def _alike(planned: PlannedAction) -> tuple[object, ...]:
    return planned.action, planned.reason, planned.note, planned.campaign or planned.address


def _is_well(planned: PlannedAction) -> bool:
    return planned.action is ActionKind.NONE and planned.reason in _WELL


def _rank(planned: PlannedAction) -> tuple[int, str, str, str, str]:
    group = planned.campaign or planned.address
    return READING_ORDER.index(planned.action), group, planned.reason, planned.note, planned.address


def _title(plan: Plan, style: Style) -> str:
    origin = plan.origin
    return f"{style.paint(origin.project, 'bold')} at {origin.service} as {origin.account}"


def _block(planned: PlannedAction, style: Style) -> str:
    sign, colour = SIGNS[planned.action]
    kind = "" if planned.action is ActionKind.NONE else f"{planned.action} "
    why = f"({planned.reason}) {in_words(planned)}"
    head = f"{style.paint(f'{sign:>3}', colour)} {planned.address}: {kind}{why}"
    waits = [f"      after {', '.join(planned.depends_on)}"] if planned.depends_on else []
    waits += orders.lines(planned, "      ")
    if planned.not_before:
        waits.append(f"      {when(planned)}")
    shown = changes.lines(planned.changes, style) if planned.action in _WITH_CHANGES else []
    return "\n".join([head, *shown, *waits])


def _closing(plan: Plan) -> str:
    lines = [_counts(plan), *_costs(plan), *forecast.lines(plan), *_decisions(plan)]
    return "\n".join(lines)


def _counts(plan: Plan) -> str:
    counts = plan.counts
    moving = [f"{counts[kind]} to {kind}" for kind in READING_ORDER if counts[kind] and kind is not ActionKind.NONE]
    same = sum(_is_well(planned) for planned in plan.actions)
    left = Counter(a.reason for a in plan.actions if a.action is ActionKind.NONE and not _is_well(a))
    others = ", ".join(f"{left[reason]} {reason}" for reason in sorted(left))
    if not moving:
        everything = counted(len(plan.actions), "address", "addresses")
        of = "" if same == len(plan.actions) else f"{same} of "
        return f"Nothing to do: {of}{everything} as the manifest says{others and f'; {others}'}."
    parts = [f"Plan: {', '.join(moving)}", f"{same} as the manifest says" if same else "", others]
    return "; ".join(filter(None, parts)) + "."


def _costs(plan: Plan) -> list[str]:
    counts = plan.counts
    again = counts[ActionKind.RELAUNCH] + counts[ActionKind.RETRY] + sum(a.runs_again_later for a in plan.actions)
    return [f"Running again costs {counted(again, 'job')} of the quota."] if again else []


def _decisions(plan: Plan) -> list[str]:
    asked = [planned.address for planned in plan.actions if planned.action is ActionKind.ASK]
    return [f"A decision is needed: eocanvas-apply why {typed(address)}" for address in asked]
