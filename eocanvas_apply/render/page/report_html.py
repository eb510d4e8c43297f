"""The report as one page of HTML that asks nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.render.layout import moment, one_line, stamp
from eocanvas_apply.render.page.calendar_section import calendar_section
from eocanvas_apply.render.page.graph_section import graph_section
from eocanvas_apply.render.page.job_entries import MOST_WITH_DETAILS, Entry, entries
from eocanvas_apply.render.page.map_layers import land, layers, map_words
from eocanvas_apply.render.page.page_files import asset, template
from eocanvas_apply.render.page.summary_section import summary_section
from eocanvas_apply.render.plan_blocks import in_words
from eocanvas_apply.report.page.report_page import ReportPage

_MAP_HELP = (
    "A click on a place leads to its job, or lists its jobs; it has the colour of those of its jobs that most need "
    "to be looked at."
)
# What the words of the table mean to a first reader.
MEANINGS = {
    Phase.DONE: "its job succeeded, and its results are where they belong",
    Phase.RUNNING: "the service is working on it, or its log or results are still to be read",
    Phase.WAITING: "not launched yet: it waits for the quota, for another job, or for the next run",
    Phase.FAILED: "its job failed or the service refused it; it is not tried again by itself",
    Phase.UNDECIDED: "it is not known what became of its launch, or two jobs were made of it: a person decides",
    Phase.LEFT_OUT: "the manifest skips it or does not ask for it any more, or it was cancelled",
}
# By which the program knows a report of its own.
BEGINNING = "<!doctype html>\n<!-- eocanvas-apply report -->\n"
_CLOSING = re.compile(r"</(script|style)", re.IGNORECASE)
_IMAGE = re.compile(r"url\([^)]*\)")


def text(page: ReportPage, *, version: str = "", digest: str = "") -> str:
    """Return the page; with a `digest` (of what it shows) it is one that is served, and loads itself again."""
    given = {"version": version, "digest": digest, "served": bool(digest)}
    return template("report.html.jinja").render(_context(page), **given)


def _context(page: ReportPage) -> dict[str, Any]:
    rows = list(entries(page))
    return {
        **_head(page),
        **summary_section(page, rows),
        **_map(page),
        **calendar_section(page.timeline),
        **graph_section(page),
        **_jobs(rows),
        "keys": [_key(page, number) for number in range(len(page.status.keys))],
        "style": asset("report.css"),
        "script": asset("report.js"),
    }


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
        "made": moment(at),
        "made_stamp": stamp(at),
        "source": where if offline else f"as {origin.account} at {origin.service} shows it",
    }


def _map(page: ReportPage) -> dict[str, Any]:
    found = layers(page)
    return {
        "map": found if found["bounds"] else None,
        "map_words": f"{map_words(page)}. {_MAP_HELP}",
        "map_phases": [phase for phase in Phase if any(each.phase is phase for each in page.footprints)],
        "land": land() if found["bounds"] else None,
        "leaflet": _leaflet("leaflet.js"),
        "leaflet_style": _leaflet("leaflet.css") if found["bounds"] else "",
    }


def _jobs(rows: Sequence[Entry]) -> dict[str, Any]:
    return {
        "rows": rows,
        "groups": sorted({row.group for row in rows}),
        "kinds": sorted({row.failure for row in rows if row.failure}),
        "meanings": [(phase, words) for phase, words in MEANINGS.items() if any(row.phase is phase for row in rows)],
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
