"""A drift report as text for people, and as JSON in the shape of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.drift import Drifted, DriftKind, DriftReport
from eocanvas_apply.planning.plan import campaign_of, instance_of
from eocanvas_apply.render.differences import change_json, change_line
from eocanvas_apply.render.layout import PLAIN, Style, counted, moment, one_line, shortened, stamp
from eocanvas_apply.render.plan import body as plan_body
from eocanvas_apply.render.plan import title

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import ChangeJson, DriftJson, PlanBody

# So many of one kind are named, of one key, job or campaign.
_FEW = 3
_INDENT = "      "


def body(report: DriftReport) -> PlanBody:
    """Return it as JSON, without what its command adds: a plan without actions, and what drifted."""
    document = plan_body(report.shown_plan)
    return {**document, "plan_id": report.plan_id, "drift": [_drifted(each) for each in report.drifted]}


def _drifted(found: Drifted) -> DriftJson:
    document: DriftJson = {
        "address": found.address,
        "drift": found.kind,
        "counts": found.row.moved,
        "changes": [_change(change) for change in found.changes],
    }
    if found.job_id:
        document["job_id"] = found.job_id
    if found.place:
        document["place"] = found.place
    if ends := stamp(found.ends):
        document["ends"] = ends
    if found.failure:
        document["failure"] = found.failure.failure_class
        document["failure_line"] = found.failure.line
    return document


def _change(change: Change) -> ChangeJson:
    return change_json(_told(change))


def _told(change: Change) -> Change:
    """Return it with times as text."""
    before, after = (stamp(each) if isinstance(each, datetime) else each for each in (change.before, change.after))
    return Change(change.path, before, after, change.sensitive)


def text(report: DriftReport, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return it for a person: what is not as recorded first; with `full` every result and instance has its line."""
    found = sorted(report.drifted, key=lambda each: (not each.row.moved, _owner(each), each.kind, each.address))
    blocks = ["\n".join(_block(list(group), style, full=full)) for _, group in groupby(found, key=_group)]
    return (
        "\n\n".join([title(report.plan, style), *(["\n".join(blocks)] if blocks else []), _closing(report, style)])
        + "\n"
    )


def _owner(found: Drifted) -> str:
    return campaign_of(found.address) or found.address


def _group(found: Drifted) -> tuple[str, DriftKind]:
    return _owner(found), found.kind


def _block(alike: Sequence[Drifted], style: Style, *, full: bool) -> Iterator[str]:
    """Yield the lines of what is alike of one key, job or campaign."""
    first, row, owner = alike[0], alike[0].row, _owner(alike[0])
    instances = len({each.address for each in alike})
    whose = owner if first.address == owner else f"{owner}: {counted(instances, 'instance')}"
    ends = f" ({moment(first.ends)})" if first.ends else ""
    yield f"{style.paint('!' if row.moved else ' ', 'yellow')} {style.paint(whose, 'bold')}: {row.words}{ends}"
    lines = [line for each in alike if (line := _line(each, style))]
    yield from shortened(lines, len(lines) if full else _FEW, lambda line: _INDENT + line, f"{_INDENT}and {{}} more", 1)
    if row.advice:
        address = typed(first.address) if instances == 1 else "ADDRESS"
        yield f"{_INDENT}next: {row.advice.format(address=address)}"


def _line(found: Drifted, style: Style) -> str:
    """Return what is said of one of several: its instance, the file, what differs."""
    failure = found.failure
    why = f"[{failure.failure_class}] {one_line(failure.line)}".rstrip() if failure else ""
    differs = "" if found.kind in _SAID else "; ".join(change_line(_told(each), style) for each in found.changes)
    return ": ".join(filter(None, (instance_of(found.address), one_line(found.place or ""), why, differs)))


# Their words say what the status is now.
_SAID = {DriftKind.STARTED, DriftKind.SUCCEEDED, DriftKind.FAILED, DriftKind.DISMISSED}


def _closing(report: DriftReport, style: Style) -> str:
    moved = [each for each in report.drifted if each.row.moved]
    if report.plan.origin.ledger_id is None:
        return "Nothing is on record yet, so nothing can have drifted."
    part = "" if report.is_whole else " Not everything was looked at: see the messages."
    if not moved:
        seen = "is there" if report.is_whole else "was looked at"
        return f"{style.paint('No drift:', 'bold')} what {seen} is as recorded.{part}"
    keys = len({each.address for each in moved if each.address.startswith("key.")})
    jobs = len({each.address for each in moved if each.address.startswith("job.")})
    whose = " and ".join(filter(None, (counted(keys, "key") if keys else "", counted(jobs, "job") if jobs else "")))
    verb = "is" if keys + jobs == 1 else "are"
    said = f"{style.paint('Drift:', 'bold')} {whose} {verb} not as recorded. Nothing was changed.{part}"
    return f"{said}\n`eocanvas-apply plan` shows what an apply would do about it."
