"""The summary of a report: how much is done, what failed and what helps, when it will be finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.planning.plan import WindowState
from eocanvas_apply.render import forecast
from eocanvas_apply.render.layout import counted, moment, one_line, rough, size, span
from eocanvas_apply.render.page.job_entries import Entry
from eocanvas_apply.report.page.report_page import ReportPage

_MOST_FINDINGS = 20


class _Count(Struct, frozen=True):
    phase: Phase
    count: int


def summary_section(page: ReportPage, rows: Sequence[Entry]) -> dict[str, Any]:
    """Return what the template shows of it."""
    total = page.total
    shown = [_Count(phase, total.counts[phase]) for phase in Phase if total.counts[phase]]
    others = [f"{each.count} {each.phase}" for each in shown if each.phase is not Phase.DONE]
    jobs = ", ".join([f"{total.counts[Phase.DONE]} of {counted(total.total, 'job')} done", *others])
    phases = [each.phase for each in shown]
    campaigns = [
        {
            "name": (each.campaign or "other jobs").removeprefix("job."),
            "total": each.total,
            "counts": [each.counts[p] for p in phases],
        }
        for each in page.tallies
    ]
    findings = [each for each in page.status.plan.findings if each.severity is not Severity.INFO]
    return {
        "headline": jobs if total.total else "No jobs",
        "total": total.total,
        "counts": shown,
        "phases": phases,
        "campaigns": campaigns,
        "call": _call(page),
        "outlook": list(_outlook(page)),
        "failures": list(_failures(rows)),
        "findings": [one_line(f"{each.severity}: {each}", 300) for each in findings[:_MOST_FINDINGS]],
        "places": [
            {
                "owner": each.owner.removeprefix("job."),
                "link": each.path.startswith("https://"),
                "path": each.path,
                "words": _in_place(each.files, each.size),
            }
            for each in page.places
        ],
    }


def _in_place(number: int, whole: int | None) -> str:
    return counted(number, "file") + (f", {size(whole)}" if whole else "")


def _call(page: ReportPage) -> str:
    """Return whether a person has to do something."""
    counts, blocked = page.total.counts, len(page.blocked)
    needs = [f"{counted(counts[Phase.FAILED], 'job')} failed"] if counts[Phase.FAILED] else []
    needs += (
        [f"{counted(counts[Phase.UNDECIDED], 'launch', 'launches')} to decide about"] if counts[Phase.UNDECIDED] else []
    )
    needs += [f"{counted(blocked, 'job')} cannot start before that is corrected"] if blocked else []
    if needs:
        return f"A person is needed: {', '.join(needs)}"
    ahead = counts[Phase.RUNNING] or counts[Phase.WAITING]
    return "Nothing needs a person; apply carries it on" if ahead else "Nothing to do"


def _outlook(page: ReportPage) -> Iterator[str]:
    """Yield when it began, what the quota allows, and when the last launch is expected."""
    line, at = page.timeline, page.status.plan.created
    if line.launched:
        yield f"The first job was launched at {moment(line.launched[0])}, {rough(at - line.launched[0])} ago"
    yield from (each.rstrip(".") for each in forecast.lines(page.status.plan, windows=False))
    yield from map(_window, page.status.plan.windows)
    if line.to_end:
        yield f"All is expected to be done at about {moment(line.to_end[-1])}, if nothing fails"


def _window(state: WindowState) -> str:
    full = f"; the next launch is possible at {moment(state.next_free)}" if not state.left and state.next_free else ""
    return f"Quota: {state.used} of {state.limit} launches used within {span(state.per)}{full}"


def _failures(rows: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    failed = [row for row in rows if row.phase is Phase.FAILED]
    for kind, count in Counter(row.failure for row in failed).most_common():
        first = next(row for row in failed if row.failure == kind)
        words = {str(name): hint for name, hint in HINTS.items()}.get(kind, "no class of failure is on record")
        yield {
            "kind": kind or "other",
            "count": count,
            "hint": words,
            "first": first.id,
            "first_name": first.name,
        }
