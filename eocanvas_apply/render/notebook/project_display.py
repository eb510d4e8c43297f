"""The map and the calendar of a report as pictures for a notebook, above a table.

A picture is an image with a ground of its own: it is readable on a light and on a dark page, and stays where scripts,
styles and drawings of a notebook are taken out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape

from markupsafe import Markup

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.render import forecast
from eocanvas_apply.render.layout import counted, html_table, moment, one_line
from eocanvas_apply.render.notebook.map_picture import MapPicture, map_picture
from eocanvas_apply.render.page.calendar_section import calendar_section
from eocanvas_apply.render.page.map_layers import map_words
from eocanvas_apply.render.page.page_files import asset, template
from eocanvas_apply.report.page.report_page import ReportPage

_WIDTH = 860
_LEGEND, _KEY, _LETTER = 24, 22, 7


def html(page: ReportPage, table: str) -> str:
    """Return the map and the calendar of a report, as far as there is anything on them, above its table."""
    return f"<div>{''.join(_pictures(page))}{table}</div>"


def summary(page: ReportPage) -> str:
    """Return the map, the calendar, and how many jobs of each campaign stand where."""
    total, at = page.total, moment(page.status.plan.created)
    source = "from the ledger" if page.status.offline else "at the last look at the service"
    done = f"{total.counts[Phase.DONE]} of {counted(total.total, 'job')} done" if total.total else "no jobs yet"
    rows = [
        (each.campaign or "other jobs", each.total, *(each.counts[phase] or "" for phase in Phase))
        for each in page.tallies
    ]
    ahead = "\n".join(forecast.lines(page.status.plan))
    title = f"{page.status.plan.origin.name}: {done}, {at}, {source}"
    return html(page, html_table(title, ("campaign", "jobs", *Phase), rows, ahead))


def _pictures(page: ReportPage) -> Iterator[str]:
    if drawn := map_picture(page):
        states = ", ".join(f"{page.total.counts[phase]} {phase}" for phase in Phase if page.total.counts[phase])
        yield _image(_map(page, drawn), f"Map: {map_words(page)}; {states}")
    found = calendar_section(page.timeline)
    if chart := found["chart"]:
        drawing = template("timeline.svg.jinja").render(**found)
        ground = f'<rect class="ground" width="{chart.WIDTH}" height="{chart.height}"/>'
        picture = _svg(ground + drawing, chart.WIDTH, chart.height, found["chart_words"])
        yield _image(picture, f"Calendar: {found['chart_words']}")


def _map(page: ReportPage, drawn: MapPicture) -> str:
    """Return the map with its legend below."""
    height = drawn.height + _LEGEND
    ground = f'<rect class="ground" width="{drawn.width}" height="{height}"/>'
    keys, x = "", 4
    shown = [phase for phase in Phase if page.total.counts[phase]]
    for name, kind in (*((phase, f"place {phase.slug}") for phase in shown), *drawn.searches):
        words = name if kind == "searched" else f"{page.total.counts[Phase(name)]} {name}"
        y = drawn.height + 6
        keys += f'<rect class="{kind}" x="{x}" y="{y}" width="14" height="11"/>'
        keys += f'<text class="key" x="{x + 20}" y="{y + 10}">{escape(words)}</text>'
        x += _KEY + 14 + _LETTER * len(words)
    return _svg(ground + drawn.drawing + keys, drawn.width, height, map_words(page))


def _svg(drawing: str, width: float, height: float, words: str) -> str:
    values = {"width": width, "height": height, "words": words, "style": asset("picture.css")}
    values["drawing"] = Markup(drawing)  # noqa: S704
    return template("picture.svg.jinja").render(**values)


def _image(svg: str, words: str) -> str:
    source = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
    return f'<p><img src="{source}" width="{_WIDTH}" alt="{escape(one_line(words, 500))}"></p>'
