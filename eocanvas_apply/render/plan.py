"""A plan as text for people, what costs something first, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ACTIONS, READING_ORDER, ActionKind, Outcome, Phase
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render import forecast
from eocanvas_apply.render.differences import change_json
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, moment, stamp
from eocanvas_apply.render.plan_blocks import Blocks, alike_in_order, in_words
from eocanvas_apply.report.outcomes import standing as standing_of

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import ActionJson, FoldedJson, PlanBody

FULL_PLAN = "eocanvas-apply plan --full"
_LOOKED_FOR = "apply looks again and downloads them; after that time the job counts as one without a result"
# So many moves are shown one by one.
_MOVES = 10
_REFUSED = "correct its definition, or try again: eocanvas-apply apply --retry-failed"


def body(plan: Plan, *, full: bool = False) -> PlanBody:
    """Return the plan as JSON, without what its command adds; with `full` large campaigns are not folded."""
    origin = plan.origin
    document: PlanBody = {
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
    if origin.environment:
        document["environment"] = origin.environment
    if plan.moves:
        document["moved"] = [{"from": source, "to": target} for source, target in plan.moves]
    return document


def _action(planned: PlannedAction) -> ActionJson:
    document: ActionJson = {
        "address": planned.address,
        "action": planned.action,
        "reason": planned.reason,
        "depends_on": list(planned.depends_on),
    }
    if planned.note:
        document["note"] = planned.note
    if planned.runs_again:
        document["runs_again"] = planned.runs_again
    if planned.goes_later:
        document["goes_later"] = planned.goes_later
    if planned.awaits:
        document["awaits"] = list(planned.awaits)
    if planned.lists_nothing:
        document["results_until"] = stamp(planned.not_before) or ""
    if ACTIONS[planned.action].compares and planned.changes:
        document["changes"] = [change_json(change) for change in planned.changes]
    return document


def text(plan: Plan, style: Style = PLAIN, *, full: bool = False, see: str = FULL_PLAN) -> str:
    """Return the plan for a person: relaunches, replaces and deletes first; what is up to date is only counted.

    Instances of a campaign are one block; with `full` every address has its own. `see` is the command that shows what
    is left out, empty where none does.
    """
    blocks, unsettled = Blocks(plan, style, full), _unsettled(plan)
    parts = [_moves(plan, full=full), "\n".join(blocks.of(plan.actions if full else unsettled))]
    closing = [_closing(plan, unsettled, style), _left_out(plan, unsettled, blocks, see)]
    return style.wrap("\n\n".join([title(plan, style), *filter(None, parts), "\n".join(filter(None, closing))])) + "\n"


def _moves(plan: Plan, *, full: bool) -> str:
    """Return which addresses have moved; the record follows with the next apply, and nothing is done again."""
    shown = plan.moves if full else plan.moves[:_MOVES]
    lines = [f"  {source} is now {target}" for source, target in shown]
    more = len(plan.moves) - len(shown)
    return "\n".join([*lines, *([f"  and {counted(more, 'move')} more"] if more else [])])


def title(plan: Plan, style: Style) -> str:
    """Return `PROJECT at SERVICE as ACCOUNT`, as far as they are known, with the environment."""
    origin = plan.origin
    return f"{style.paint(origin.name, 'bold')}{_place(plan)}"


def _place(plan: Plan) -> str:
    origin = plan.origin
    between = "," if origin.environment else ""
    return f"{between} at {origin.service} as {origin.account}" if origin.service else ""


def _closing(plan: Plan, unsettled: Sequence[PlannedAction], style: Style) -> str:
    counts = plan.counts
    again = counts[ActionKind.RELAUNCH] + counts[ActionKind.RETRY]
    again += sum(action.runs_again is not None for action in plan.actions)
    costs = [f"Running again uses {counted(again, 'unit')} of the quota."] if again else []
    asked = [typed(a.address) for a in unsettled if a.action is ActionKind.ASK] if counts[ActionKind.ASK] else []
    decisions = [f"A decision is needed: eocanvas-apply why {address}" for address in asked]
    blocked = _blocked(plan)
    # Where nothing can start there is no time to tell.
    moving = changes(plan, blocked)
    times = forecast.lines(plan) if moving or not blocked else []
    return "\n".join([_counts(plan, unsettled, moving, len(blocked), style), *costs, *times, *decisions])


def _blocked(plan: Plan) -> Collection[str]:
    """Return the addresses that an apply would change, and that cannot start because of an error."""
    skipped = {address for address, outcome in standing_of(plan).items() if outcome is Outcome.SKIPPED}
    return {a.address for a in plan.actions if a.address in skipped and not ACTIONS[a.action].quiet}


def _counts(plan: Plan, unsettled: Sequence[PlannedAction], moving: str, blocked: int, style: Style) -> str:
    faulty = plan.faulty
    standing = Counter(_standing(a, faulty) for a in unsettled if ACTIONS[a.row.action].quiet)
    standing[_BLOCKED] = blocked
    others = ", ".join(f"{standing[word]} {word}" for word in _STANDING if standing[word])
    if moving:
        return "; ".join(filter(None, [f"{style.paint('Plan:', 'bold')} {moving}", others])) + "."
    same = counted(len(plan.actions) - len(unsettled), "address", "addresses")
    return f"No changes: {others}." if others else f"Nothing to do: {same} up to date."


def changes(plan: Plan, blocked: Container[str] = ()) -> str:
    """Return `1 to create, 2 to launch`: what an apply changes, but for the addresses that cannot start."""
    counts = Counter(a.row.action for a in plan.actions if a.address not in blocked)
    found = [f"{len(plan.moves)} moved"] if plan.moves else []
    found += [f"{counts[kind]} to {kind}" for kind in READING_ORDER if counts[kind] and not ACTIONS[kind].quiet]
    later = Counter(ActionKind.RELAUNCH for a in plan.actions if a.runs_again and a.action is not ActionKind.NONE)
    later.update(a.goes.action for a in plan.actions if a.goes_later and a.goes)
    return ", ".join([*found, *(f"{count} to {kind} afterwards" for kind, count in later.items())])


_BLOCKED = "cannot start (see the errors)"
_STANDING = (*Phase, "with an error", _BLOCKED)


def _standing(action: PlannedAction, faulty: Container[str]) -> str:
    """Return the word by which an address is counted that no action changes."""
    if action.address in faulty:
        # The reason alone would say that all is well.
        return "with an error"
    if action.address.startswith("key."):
        return Phase.LEFT_OUT if action.row.outcome is Outcome.SKIPPED else Phase.WAITING
    return action.phase


def _left_out(plan: Plan, unsettled: Sequence[PlannedAction], blocks: Blocks, see: str) -> str:
    """Return what the text does not show, and the command that does; nothing where that is only what is up to date."""
    if blocks.full:
        return ""
    same = len(plan.actions) - len(unsettled)
    if not unsettled:
        return ""
    left_out = ", ".join([*([f"{same} up to date"] if same else []), *blocks.left_out])
    return f"Not shown: {left_out}{see and f'; see {see}'}" if left_out else ""


def _unsettled(plan: Plan) -> list[PlannedAction]:
    faulty = plan.faulty
    return [a for a in plan.actions if not a.row.settled or a.address in faulty]


def advice(planned: PlannedAction, *, refused: bool = False, of_several: bool = False) -> str:
    """Return what to do next; a job that was `refused` has no log; `of_several` writes ADDRESS for the address."""
    if refused and planned.reason is Reason.FAILED:
        return _REFUSED
    if planned.lists_nothing:
        return _LOOKED_FOR
    until = f" until {moment(planned.not_before)}" if planned.not_before else ""
    return planned.row.advice.format(address="ADDRESS" if of_several else typed(planned.address), until=until)


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
    unsettled = _unsettled(plan)
    shown = [each for alike in alike_in_order(unsettled) for each in alike]
    rows = [(p.address, p.action, p.reason, in_words(p), ", ".join(p.depends_on)) for p in shown]
    head = ("address", "action", "reason", "why", "after")
    return html_table(title(plan, PLAIN), head, rows, _closing(plan, unsettled, PLAIN))
