"""A run while it goes on: one line an event, and a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.plan import campaign_of
from eocanvas_apply.render.layout import (
    PLAIN,
    Style,
    counted,
    cut,
    cut_apart,
    html_table,
    one_line,
    rough,
    shortened,
    size,
    size_of,
    span,
)
from eocanvas_apply.report.progress import Happening, Progress, RunningJob, View
from eocanvas_apply.report.status import Tally, together
from eocanvas_apply.report.watched_run import Moment, Stage

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from eocanvas_apply.report.progress import Transfer

_H = Happening
# After a pause as short as this several tries follow before the next line.
_SHORT = timedelta(minutes=1)
_COLOURS = {
    **dict.fromkeys((_H.CREATING, _H.ORDERING, _H.LAUNCHING, _H.FETCHING, _H.RECEIVING, _H.READING), "dim"),
    **dict.fromkeys((_H.CREATED, _H.ORDERED, _H.LAUNCHED, _H.ADOPTED, _H.STORED, _H.ANSWERS), "green"),
    **dict.fromkeys(
        (_H.DRAINING, _H.UNLISTED, _H.TERMS_ACCEPTED, _H.WITHDRAWN, _H.ANSWER_LOST, _H.RUNS_ON, _H.SILENT), "yellow"
    ),
    **dict.fromkeys((_H.DELETED, _H.REFUSED, _H.DISMISSED, _H.CANCELLED, _H.FORGOTTEN, _H.FAILED), "red"),
    **dict.fromkeys((_H.MOVED, _H.STATUS), "cyan"),
}
# Where it is more than the word of the happening itself.
_WORDS = {
    _H.MOVED: "is now",
    _H.DRAINING: "waits until no job of the account runs",
    _H.UNLISTED: "lists no results yet; looked for until",
    _H.TERMS_ACCEPTED: "licence accepted:",
    _H.WITHDRAWN: "not sent",
    _H.ANSWER_LOST: "answer lost; checking the service",
    _H.REFUSED: "refused by the service",
    _H.ADOPTED: "found at the service",
    _H.RUNS_ON: "cannot be dismissed, still running:",
    _H.CANCELLED: "cancelled; dismissed if it appears",
    _H.READING: "answers slowly; reads",
    _H.SILENT: "gives no usable answer",
    _H.ANSWERS: "answers again",
}


def line(progress: Progress, style: Style = PLAIN) -> str:
    """Return `04:00:12 job.subset launched 1d8f...`; the time is UTC."""
    words, colour = _WORDS.get(progress.happening, progress.happening.value), _COLOURS[progress.happening]
    detail = one_line(progress.detail)
    if progress.happening is Happening.STATUS:
        words = {"successful": "succeeded"}.get(detail, detail)
        detail = f"({progress.failure}) {one_line(progress.failure_line or '')}" if progress.failure else ""
    if progress.happening is Happening.SILENT:
        detail = _outage(progress)
    return f"{progress.at:%H:%M:%S} {progress.address} {style.paint(words, colour)} {detail}".rstrip()


def _outage(progress: Progress) -> str:
    """Return since when, when it is asked again, and what is wrong."""
    since = f"since {progress.since:%H:%M:%S} UTC " if progress.since else ""
    why = f": {one_line(progress.failure_line)}" if progress.failure_line else ""
    if not progress.detail.isdecimal():
        return f"{since}(still waiting for an answer){why}"
    pause = timedelta(seconds=int(progress.detail))
    later = ", then after longer pauses" if pause < _SHORT else ""
    return f"{since}(next try at {progress.at + pause:%H:%M:%S} UTC{later}){why}"


def waiting(view: View) -> str:
    """Return `04:00:12 still at work: 3 running, 2 waiting (the next launch at 05:00:00 UTC); looks again in 30s`."""
    counts = together(view.tallies).counts
    at = f" (the next launch at {view.next_launch:%H:%M:%S} UTC)" if view.next_launch else ""
    found = [f"{counts[phase]} {word}" for phase, word in _STANDING if counts[phase]]
    looks = f"; looks again in {rough(view.look_in)}" if view.look_in else ""
    return f"{view.plan.created:%H:%M:%S} still at work: {', '.join(found) or 'keys'}{at}{looks}"


_STANDING = ((Phase.RUNNING, "running"), (Phase.WAITING, "waiting"))
_WIDE = 64
# As wide as the lines below the table in a notebook.
_CELL = 100
_HEADS = {Phase.RUNNING: ("running", "run"), Phase.WAITING: ("waiting", "wait"), Phase.FAILED: ("failed", "fail")}
_PHASE_COLOURS = {Phase.RUNNING: "cyan", Phase.WAITING: "", Phase.FAILED: "red"}
_MOST_KEYS = 3
# As many jobs at work are named as leave room for the rest.
_MOST_NAMED, _UNLIMITED = 5, 1000
# Lines that must be left for groups to stand apart.
_APART = 4


def board(
    view: View,
    transfers: Mapping[str, Transfer],
    said: Mapping[str, str],
    moment: Moment,
    width: int,
    height: int | None = None,
) -> RenderableType:
    """Return the table, the jobs at work by name, and the lines below; at most `height` lines of `width` columns.

    `transfers` are the downloads by address, `said` what the logs of running jobs say at last, by job id.
    """
    from rich.console import Group
    from rich.text import Text

    below = _below(view, moment, width)
    room = max((height or _UNLIMITED) - len(below) - 1, 1)
    tallies = view.tallies if len(view.tallies) <= room else _active_first(view.tallies)[: room - 1]
    more = len(view.tallies) - len(tallies)
    left = room - len(tallies) - bool(more)
    named = _named(view.running, said, moment.now, width, min(_MOST_NAMED, left))
    rest = [Text(f"and {counted(more, 'more campaign')}")] if more else []
    # Groups stand apart where the terminal is high enough.
    apart = [Text()] if left - len(named) >= _APART else []
    at_work = [*apart, *named] if named else []
    return Group(_table(replace(view, tallies=tuple(tallies)), transfers, width), *rest, *at_work, *apart, *below)


def _below(view: View, moment: Moment, width: int) -> list[Text]:
    """Return the lines below the table, what they tell of in one column."""
    from rich.text import Text

    lines = list(_lines(view, moment))
    widest = max(len(about) for about, _ in lines) + 2 if width >= _WIDE else 0
    found = [Text.assemble((f"{about}: ".ljust(widest), "dim"), one_line(text)) for about, text in lines]
    for line in found:
        line.truncate(width, overflow="ellipsis")
    return found


def _active_first(tallies: Sequence[Tally]) -> list[Tally]:
    return sorted(tallies, key=lambda tally: not (tally.counts[Phase.RUNNING] or tally.counts[Phase.WAITING]))


def _named(running: Sequence[RunningJob], said: Mapping[str, str], now: datetime, width: int, most: int) -> list[Text]:
    """Return a line for each job at work: its name, for how long it runs, and what its log says at last."""
    from rich.text import Text

    shown = running if len(running) <= most else running[: max(most - 1, 0)]
    names = cut_apart([typed(job.address) for job in shown], max(width // 3, 12))
    states = [_at_work(job, now) for job in shown]
    widest, longest = (max(map(len, texts), default=0) for texts in (names, states))
    lines = [
        Text.assemble(
            f"  {name:<{widest}}  ", (f"{state:<{longest}}", "cyan"), (f"  {one_line(said.get(job.job_id, ''))}", "dim")
        )
        for name, state, job in zip(names, states, shown, strict=True)
    ]
    left = len(running) - len(shown)
    more = [Text(f"  and {left} more running")] if left and most > 0 else []
    for line in (*lines, *more):
        line.rstrip()
        line.truncate(width, overflow="ellipsis")
    return [*lines, *more]


def _at_work(job: RunningJob, now: datetime) -> str:
    return f"{job.status} {rough(now - job.since)}" if job.since else job.status


def _table(view: View, transfers: Mapping[str, Transfer], width: int) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    short = width < _WIDE
    gap = 1 if short else 2
    heads = ["done", *(head[short] for head in _HEADS.values()), "got" if short else "fetched"]
    rows = [
        [
            f"{tally.counts[Phase.DONE]}/{tally.total}",
            *(str(tally.counts[phase] or "-") for phase in _HEADS),
            _fetched(view, tally, transfers),
        ]
        for tally in view.tallies
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    # On a narrow terminal the names are shortened, not the numbers.
    room = max(width - sum(widths) - gap * len(widths), 5)
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for head, most in zip(heads, widths, strict=True):
        table.add_column(head, justify="right", no_wrap=True, min_width=most)
    for tally, row in zip(view.tallies, rows, strict=True):
        styles = ["", *(_PHASE_COLOURS[phase] if tally.counts[phase] else "dim" for phase in _HEADS), ""]
        cells = [Text(cell, style=style) for cell, style in zip(row, styles, strict=True)]
        table.add_row(Text(cut(_name(view, tally, short=short), room)), *cells)
    return table


def _name(view: View, tally: Tally, *, short: bool) -> str:
    if tally.campaign and short:
        return tally.campaign.removeprefix("job.")
    return tally.campaign or ("jobs" if len(view.tallies) == 1 else "other jobs")


def _fetched(view: View, tally: Tally, transfers: Mapping[str, Transfer]) -> str:
    fetching = (address for address in transfers if address in view.fetching)
    under_way = [transfers[address] for address in fetching if campaign_of(address) == tally.campaign]
    here = view.stored.get(tally.campaign, 0)
    arrived = here + sum(transfer.arrived for transfer in under_way)
    known = [transfer.expected for transfer in under_way if transfer.expected is not None]
    if under_way and len(known) == len(under_way):
        return size_of(arrived, here + sum(known))
    return size(arrived) if arrived else "-"


def _lines(view: View, moment: Moment) -> Iterator[tuple[str, str]]:
    """Yield the lines below the table: what each is about, and its text."""
    now, looks = moment.now, f", looks again in {rough(moment.look_in)}" if moment.look_in is not None else ""
    left = f", left of --wait: {rough(moment.left)}" if moment.left is not None else ""
    yield "elapsed", f"{rough(moment.elapsed)}{looks}{left}"
    if undecided := sum(tally.counts[Phase.UNDECIDED] for tally in view.tallies):
        yield "decisions", f"{undecided} needed: eocanvas-apply status"
    ahead = view.plan.forecast
    if view.next_launch:
        last = f", the last in {rough(ahead.ends - now)}" if ahead.ends and ahead.waiting > 1 else ""
        yield "next launch", f"in {rough(view.next_launch - now)}, {ahead.waiting} waiting{last}"
    if windows := view.plan.windows:
        yield "quota", ", ".join(f"{w.left} of {w.limit} left in {span(w.per)}" for w in windows)
    if view.keys:
        soonest = sorted(view.keys.items(), key=lambda key: key[1])
        ends = shortened(soonest, _MOST_KEYS, lambda key: f"{key[0]} {rough(key[1] - now)}", "{} more later")
        yield "keys end in", ", ".join(ends)


def html(view: View, transfers: Mapping[str, Transfer], moment: Moment, stage: Stage, news: Sequence[str]) -> str:
    """Return the run as a table for a notebook; below it jobs at work by name, what comes next and lines of `news`."""
    found = together(view.tallies)
    goes_on = stage is Stage.RUNNING
    looks = f", looks again in {rough(moment.look_in)}" if moment.look_in is not None and goes_on else ""
    title = f"{found.counts[Phase.DONE]} of {counted(found.total, 'job')} done, {stage} {rough(moment.elapsed)}{looks}"
    rows = [
        [
            _name(view, tally, short=False),
            f"{tally.counts[Phase.DONE]}/{tally.total}",
            *(tally.counts[phase] or "-" for phase in _HEADS),
            _fetched(view, tally, transfers),
        ]
        for tally in view.tallies
    ]
    # The first of the lines tells what the title does.
    _, *lines = (f"{about}: {text}" for about, text in _lines(view, moment))
    at_work = (named.plain for named in _named(view.running, {}, moment.now, _CELL, _MOST_NAMED))
    ahead = [*at_work, *lines] if goes_on else []
    if stage is Stage.STOPPING:
        ahead = ["nothing more is sent; answers on the way are waited for (at most 5s)"]
    heads = ["", "done", *(head[0] for head in _HEADS.values()), "fetched"]
    return html_table(title, heads, rows, "\n".join([*ahead, *news]))
