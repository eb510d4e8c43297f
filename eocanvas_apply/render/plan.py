"""A plan as text for people, what costs something first, and as JSON; its actions as parts of sentences."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ACTIONS, READING_ORDER, ActionKind, Phase
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.tasks import OrderProducts
from eocanvas_apply.render import forecast
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, moment, one_line, shortened, stamp

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import ActionJson, ChangeJson, FoldedJson, PlanBody

# How many instances of a campaign with equal actions and reasons are listed.
_FEW = 3
_REFUSED = "correct its definition, or try again: eocanvas-apply apply --retry-failed"


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
        "forecast": forecast.as_json(plan),
    }


def _action(planned: PlannedAction) -> ActionJson:
    document: ActionJson = {
        "address": planned.address,
        "action": planned.action,
        "reason": planned.reason,
        "depends_on": list(planned.depends_on),
    }
    if planned.note:
        document["note"] = planned.note
    if planned.awaits:
        document["awaits"] = list(planned.awaits)
    if ACTIONS[planned.action].compares and planned.changes:
        document["changes"] = [change_json(change) for change in planned.changes]
    return document


def text(plan: Plan, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return the plan for a person: relaunches, replaces and deletes first; what is up to date is only counted.

    Campaigns are shortened; with `full` every address is listed.
    """
    listed = sorted(plan.actions if full else _unsettled(plan), key=_rank)
    blocks = [_block(planned, style) for planned in listed] if full else list(_blocks(listed, style))
    parts = ["\n".join(blocks)] if blocks else []
    return "\n\n".join([title(plan, style), *parts, _closing(plan)]) + "\n"


def _blocks(listed: Sequence[PlannedAction], style: Style) -> Iterator[str]:
    """Yield a block an address; of equal instances of a campaign the first few and the number of others."""
    for _, group in groupby(listed, key=_alike):
        alike = list(group)
        more = f"      and {{}} more of {alike[0].campaign}"
        yield from shortened(alike, _FEW, lambda planned: _block(planned, style), more, spare=1)


def _alike(planned: PlannedAction) -> tuple[object, ...]:
    return planned.action, planned.reason, planned.note, planned.campaign or planned.address


def _rank(planned: PlannedAction) -> tuple[int, str, str, str, str]:
    group = planned.campaign or planned.address
    return READING_ORDER.index(planned.action), group, planned.reason, planned.note, planned.address


def title(plan: Plan, style: Style) -> str:
    """Return `PROJECT at SERVICE as ACCOUNT`."""
    origin = plan.origin
    return f"{style.paint(origin.project, 'bold')} at {origin.service} as {origin.account}"


def _block(planned: PlannedAction, style: Style) -> str:
    sign, colour = ACTIONS[planned.action].sign, ACTIONS[planned.action].colour
    kind = "" if planned.action is ActionKind.NONE else f"{planned.action} "
    why = f"({planned.reason}) {in_words(planned)}"
    head = f"{style.paint(f'{sign:>3}', colour)} {planned.address}: {kind}{why}"
    waits = [f"      after {', '.join(planned.depends_on)}"] if planned.depends_on else []
    waits += order_lines(planned, "      ") + ([f"      {when(planned)}"] if planned.not_before else [])
    differences = change_lines(planned.changes, style) if ACTIONS[planned.action].compares else []
    return "\n".join([head, *differences, *waits])


def _closing(plan: Plan) -> str:
    again = plan.counts[ActionKind.RELAUNCH] + plan.counts[ActionKind.RETRY]
    again += sum(action.runs_again_later for action in plan.actions)
    costs = [f"Running again uses {counted(again, 'unit')} of the quota."] if again else []
    asked = [typed(planned.address) for planned in plan.actions if planned.action is ActionKind.ASK]
    decisions = [f"A decision is needed: eocanvas-apply why {address}" for address in asked]
    return "\n".join([_counts(plan), *costs, *forecast.lines(plan), *decisions])


def _counts(plan: Plan) -> str:
    counts = plan.counts
    moving = [f"{counts[kind]} to {kind}" for kind in READING_ORDER if counts[kind] and kind is not ActionKind.NONE]
    unsettled = _unsettled(plan)
    same = len(plan.actions) - len(unsettled)
    left = Counter(_reason(a, plan) for a in unsettled if a.action is ActionKind.NONE)
    others = ", ".join(f"{left[reason]} {reason}" for reason in sorted(left))
    if not moving:
        everything = counted(len(plan.actions), "address", "addresses")
        of = "" if same == len(plan.actions) else f"{same} of "
        return f"Nothing to do: {of}{everything} up to date{others and f'; {others}'}."
    parts = [f"Plan: {', '.join(moving)}", f"{same} up to date" if same else "", others]
    return "; ".join(filter(None, parts)) + "."


def _unsettled(plan: Plan) -> list[PlannedAction]:
    return [a for a in plan.actions if not a.row.settled or a.address in plan.faulty]


def _reason(action: PlannedAction, plan: Plan) -> str:
    # The reason alone would say that all is well.
    return "with an error" if action.row.settled and action.address in plan.faulty else action.reason


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


_LONGEST = 200


def change_json(change: Change) -> ChangeJson:
    """Return one as JSON: a sensitive one without values, a long text as its digest."""
    if change.sensitive:
        return {"path": change.path, "sensitive": True}
    return {"path": change.path, "before": _digested(change.before), "after": _digested(change.after)}


def change_lines(changes: Sequence[Change], style: Style, indent: str = "      ") -> list[str]:
    """Return one line a difference."""
    return [f"{indent}{style.paint(change.path, 'bold')}: {_words(change)}" for change in changes]


def _words(change: Change) -> str:
    return "(secret changed)" if change.sensitive else f"{_value(change.before)} -> {_value(change.after)}"


def _value(value: Any) -> str:
    shown = json.dumps(_digested(value), ensure_ascii=False, default=str)
    return "(none)" if value is None else one_line(shown, 80)


def _digested(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST:
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()
    return value


def order_lines(action: PlannedAction, indent: str) -> list[str]:
    """Return a line for each product that a launch waits for, such as `first orders S3A_OL_2_WFR...`."""
    first = {product.id for product in action.task.products} if isinstance(action.task, OrderProducts) else set()
    return [f"{indent}{'first orders' if each in first else 'waits for product'} {each}" for each in action.awaits]


# A campaign of more instances than this is folded.
LARGE = 1000


def folded(
    actions: Sequence[PlannedAction], as_json: Callable[[PlannedAction], ActionJson]
) -> Iterator[ActionJson | FoldedJson]:
    """Yield the JSON of each action; the unchanged instances of a large campaign are one entry with their number.

    That entry takes the place of the first of them.
    """
    campaigns = [action.campaign for action in actions] if len(actions) > LARGE else [None] * len(actions)
    large = {campaign for campaign, instances in Counter(campaigns).items() if instances > LARGE}
    pairs = list(zip(actions, campaigns, strict=True))
    counts = Counter(campaign for action, campaign in pairs if campaign in large and action.row.phase is Phase.DONE)
    for action, campaign in pairs:
        if campaign is None or campaign not in large or action.row.phase is not Phase.DONE:
            yield as_json(action)
        elif count := counts.pop(campaign, 0):
            yield {"address": campaign, "action": "none", "none_count": count}


def html(plan: Plan) -> str:
    """Return the plan as a table for a notebook, in the order of the text; what is up to date is only counted."""
    shown = sorted(_unsettled(plan), key=_rank)
    rows = [(p.address, p.action, p.reason, in_words(p), ", ".join(p.depends_on)) for p in shown]
    return html_table(title(plan, PLAIN), ("address", "action", "reason", "why", "after"), rows, _closing(plan))
