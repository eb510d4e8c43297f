"""The calendar of a report: the drawing of its timeline, and every day of it in weeks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from eocanvas_apply.render.layout import counted, moment
from eocanvas_apply.render.page.timeline_chart import chart_of
from eocanvas_apply.report.page.timeline import Day, Timeline


def calendar_section(line: Timeline) -> dict[str, Any]:
    """Return what the template shows of it, nothing where nothing was or will be launched."""
    if not (line.launched or line.to_launch):
        return {"chart": None, "chart_words": "", "weeks": []}
    chart = chart_of(line)
    past = f"{counted(len(line.launched), 'launch', 'launches')}, {counted(len(line.succeeded), 'job')} succeeded"
    words = f"{past}, {len(line.failed)} failed; {len(line.to_launch)} more launches expected until {moment(line.ends)}"
    curves = "".join(f". {each.words}" for each in chart.curves)
    return {"chart": chart, "chart_words": words + curves, "weeks": list(_weeks(line))}


def _weeks(line: Timeline) -> Iterator[dict[str, Any]]:
    """Yield the weeks in which something happens, Monday first."""
    days = {day.date: day for day in line.days}
    first, last, today = min(days), max(days), line.now.date()
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        dates = [monday + timedelta(days=number) for number in range(7)]
        shown = [_day(each, days.get(each), today) for each in dates]
        if any(each["words"] for each in shown):
            yield {"monday": monday.isoformat(), "days": shown}
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
