"""A plan as a page of HTML that stands alone."""

from __future__ import annotations

from html import escape

from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.render import plan as render
from eocanvas_apply.render.layout import PLAIN, one_line

_ALL = "eocanvas-apply show PLAN --full"
_STYLE = "body{font-family:sans-serif;margin:2em}td,th{text-align:left;padding:.2em .8em;vertical-align:top}"


def text(plan: Plan) -> str:
    """Return the page: what is found, and a table of what would be done."""
    title = escape(one_line(f"Plan of {plan.origin.name}"))
    found = "".join(f"<li>{escape(one_line(f'{each.severity}: {each}'))} [{each.code}]</li>" for each in plan.findings)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{f'<ul>{found}</ul>' if found else ''}"
        f"{render.html(plan)}\n<pre>{escape(render.text(plan, PLAIN, see=_ALL))}</pre></body></html>\n"
    )
