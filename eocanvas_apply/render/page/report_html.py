"""The report as one page of HTML that asks nothing from outside."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eocanvas_apply import __version__
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.render import forecast
from eocanvas_apply.render.layout import counted, moment, one_line, rough, size, stamp
from eocanvas_apply.render.page import timeline_chart
from eocanvas_apply.render.page.job_entries import MOST_WITH_DETAILS, Entry, entries
from eocanvas_apply.render.page.map_layers import land, layers
from eocanvas_apply.render.page.node_layout import NODE_HEIGHT, NODE_WIDTH, drawing_of
from eocanvas_apply.render.plan_blocks import in_words
from eocanvas_apply.report.page.report_page import ReportPage
from eocanvas_apply.report.page.timeline import Day, Timeline

# By which the program knows a report of its own.
BEGINNING = "<!doctype html>\n<!-- eocanvas-apply report -->\n"
_PHASES = (Phase.DONE, Phase.RUNNING, Phase.WAITING, Phase.FAILED, Phase.UNDECIDED, Phase.LEFT_OUT)
_MOST_FINDINGS = 20
_CLOSING = re.compile(r"</(script|style)", re.IGNORECASE)
_IMAGE = re.compile(r"url\([^)]*\)")


def text(page: ReportPage, *, digest: str = "") -> str:
    """Return the page; with a `digest` (of what it shows) it is one that is served, and loads itself again."""
    return str(_template().render(_context(page), digest=digest, served=bool(digest)))


@cache
def _template() -> Any:
    loader = PackageLoader("eocanvas_apply.render.page")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.filters["base64"] = lambda content: b64encode(content).decode()
    environment.filters["json"] = _json
    return environment.get_template("report.html.jinja")


def _json(value: object) -> Markup:
    """Return JSON that can stand in an element of script: nothing in it ends that."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704


def _context(page: ReportPage) -> dict[str, Any]:
    rows = list(entries(page))
    return {
        **_head(page),
        **_summary(page, rows),
        **_map(page, rows),
        **_calendar(page.timeline),
        **_graph(page),
        **_jobs(rows),
        "keys": [_key(page, number) for number in range(len(page.status.keys))],
        "style": _asset("report.css"),
        "script": _asset("report.js"),
    }


@cache
def _asset(name: str) -> Markup:
    return Markup(files(__package__).joinpath("assets", name).read_text(encoding="utf-8"))  # noqa: S704


@cache
def _leaflet(name: str) -> Markup:
    """Return a file of Leaflet, of which the pictures are left out: the page uses none of them."""
    content = files("xstatic.pkg.leaflet").joinpath("data", name).read_text(encoding="utf-8")
    plain = _IMAGE.sub("none", content) if name.endswith(".css") else content
    return Markup(_CLOSING.sub(r"<\\/\1", plain))  # noqa: S704


def _head(page: ReportPage) -> dict[str, Any]:
    origin, offline = page.status.plan.origin, page.status.offline
    at = page.status.plan.created
    where = f"from the ledger of {origin.account} at {origin.service}" if origin.account else "from the ledger"
    return {
        "title": one_line(origin.name),
        "version": __version__,
        "made": moment(at),
        "made_stamp": stamp(at),
        "source": where if offline else f"as {origin.account} at {origin.service} shows it",
    }


@dataclass(frozen=True, slots=True)
class _Count:
    phase: Phase
    count: int

    @property
    def css(self) -> str:
        return self.phase.replace(" ", "-")


def _summary(page: ReportPage, rows: Sequence[Entry]) -> dict[str, Any]:
    total = page.total
    shown = [_Count(phase, total.counts[phase]) for phase in _PHASES if total.counts[phase]]
    others = [f"{each.count} {each.phase}" for each in shown if each.phase is not Phase.DONE]
    jobs = ", ".join([f"{total.counts[Phase.DONE]} of {counted(total.total, 'job')} done", *others])
    phases = [each.phase for each in shown]
    campaigns = [
        {"name": each.campaign or "other jobs", "total": each.total, "counts": [each.counts[p] for p in phases]}
        for each in page.tallies
    ]
    findings = page.status.plan.findings
    return {
        "headline": jobs if total.total else "No jobs",
        "total": total.total,
        "counts": shown,
        "phases": phases,
        "campaigns": campaigns,
        "outlook": list(_outlook(page)),
        "failures": list(_failures(rows)),
        "findings": [one_line(f"{each.severity}: {each}", 300) for each in findings[:_MOST_FINDINGS]],
        "places": [
            {"owner": each.owner, "path": each.path, "words": _in_place(each.files, each.size)} for each in page.places
        ],
    }


def _in_place(number: int, whole: int | None) -> str:
    return counted(number, "file") + (f", {size(whole)}" if whole else "")


def _outlook(page: ReportPage) -> Iterator[str]:
    """Yield when it began, what the quota allows, and when the last launch is expected."""
    line, at = page.timeline, page.status.plan.created
    if line.launched:
        yield f"The first job was launched at {moment(line.launched[0])}, {rough(at - line.launched[0])} ago"
    yield from (each.rstrip(".") for each in forecast.lines(page.status.plan, windows=False))
    yield from (f"Quota: {forecast.window(each)}" for each in page.status.plan.windows)
    if line.to_end:
        yield f"All is expected to be done at about {moment(line.to_end[-1])}, if nothing fails"


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
            "first_name": first.address,
        }


def _map(page: ReportPage, rows: Sequence[Entry]) -> dict[str, Any]:
    found = layers(page, {row.address: row.id for row in rows})
    placed = sum(len(each.jobs) for each in page.footprints)
    words = f"{counted(placed, 'job')} at {counted(len(page.footprints), 'place')}"
    unplaced = len(rows) - placed
    rest = f"; {counted(unplaced, 'job')} without a geometry" if unplaced else ""
    return {
        "map": found if found["bounds"] else None,
        "map_words": f"{words}{rest}. A click on a place leads to its job; the table below has all of them.",
        "land": land() if found["bounds"] else None,
        "leaflet": _leaflet("leaflet.js"),
        "leaflet_style": _leaflet("leaflet.css") if found["bounds"] else "",
    }


class _Chart(timeline_chart.TimelineChart):
    """The chart with the measures that the template needs."""

    WIDTH, LEFT, RIGHT = timeline_chart.WIDTH, timeline_chart.LEFT, timeline_chart.RIGHT
    BARS, CURVE = timeline_chart.BARS, timeline_chart.CURVE


def _calendar(line: Timeline) -> dict[str, Any]:
    if not (line.launched or line.to_launch):
        return {"chart": None, "chart_words": "", "weeks": []}
    found = timeline_chart.chart_of(line)
    chart = _Chart(found.bins, found.ticks, found.curves, found.now_x, found.most, found.step)
    past = f"{counted(len(line.launched), 'launch', 'launches')}, {counted(len(line.succeeded), 'job')} succeeded"
    words = f"{past}, {len(line.failed)} failed; {len(line.to_launch)} more launches expected until {moment(line.ends)}"
    curves = "".join(f". {each.words}" for each in chart.curves)
    return {"chart": chart, "chart_words": words + curves, "weeks": list(_weeks(line))}


def _weeks(line: Timeline) -> Iterator[dict[str, Any]]:
    """Yield the weeks from the first day to the last, Monday first."""
    days = {day.date: day for day in line.days}
    first, last, today = min(days), max(days), line.now.date()
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        dates = [monday + timedelta(days=number) for number in range(7)]
        yield {"monday": monday.isoformat(), "days": [_day(each, days.get(each), today) for each in dates]}
        monday += timedelta(days=7)


def _day(at: date, day: Day | None, today: date) -> dict[str, Any]:
    if day is None:
        return {"css": "outside", "number": "", "words": []}
    words = [
        ("", day.launched, "launched"),
        ("", day.succeeded, "succeeded"),
        ("failed", day.failed, "failed"),
        ("expected", day.to_launch, "to launch"),
        ("expected", day.to_end, "to end"),
    ]
    shown = [{"kind": kind, "text": f"{count} {word}"} for kind, count, word in words if count]
    return {"css": "today" if at == today else "", "number": at.day, "words": shown}


def _graph(page: ReportPage) -> dict[str, Any]:
    found = page.dependencies
    totals = {tally.campaign: tally for tally in page.tallies if tally.campaign}
    phases = {job.address: job.phase for job in page.status.jobs}
    keys = {key.action.address.partition("#")[0]: key.status for key in page.status.keys}
    words = {}
    drawing = drawing_of(found)
    for node in drawing.nodes:
        tally = totals.get(node.address)
        done = f"{tally.counts[Phase.DONE]} of {tally.total} done" if tally else ""
        words[node.address] = done or phases.get(node.address) or keys.get(node.address) or "of the service"
    flows = (
        f"{each.address} {verb} {', '.join(others)}"
        for each in found
        for verb, others in (("reads", each.reads), ("follows", each.follows), ("writes", each.writes))
        if others
    )
    return {
        "nodes": drawing,
        "node_words": words,
        "shares": {name: tally.counts[Phase.DONE] / tally.total for name, tally in totals.items() if tally.total},
        "nodes_words": ". ".join(flows),
        "NODE_WIDTH": NODE_WIDTH,
        "NODE_HEIGHT": NODE_HEIGHT,
    }


def _jobs(rows: Sequence[Entry]) -> dict[str, Any]:
    return {
        "rows": rows,
        "groups": sorted({row.group for row in rows}),
        "kinds": sorted({row.failure for row in rows if row.failure}),
        "brief": len(rows) > MOST_WITH_DETAILS,
        "MOST_WITH_DETAILS": MOST_WITH_DETAILS,
    }


def _key(page: ReportPage, number: int) -> dict[str, str]:
    key = page.status.keys[number]
    return {
        "address": key.action.address,
        "status": key.status,
        "name": key.name or "",
        "ends": moment(key.expires) if key.expires else "",
        "words": in_words(key.action),
    }
