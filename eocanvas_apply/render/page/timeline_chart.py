"""The drawing of a timeline: bars of launches and ends, and the curve of each window of the quota.

All lengths are units of the drawing (SVG), whose width is 960; y grows downwards.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import ClassVar

from msgspec import Struct

from eocanvas_apply.render.layout import counted, moment, span
from eocanvas_apply.report.page.timeline import Curve, Timeline

WIDTH, LEFT, RIGHT = 960, 62, 12
BARS, CURVE = 90, 84
_MOST_BARS, _MOST_TICKS, _GAP, _LABEL = 96, 8, 0.15, 70
_MINUTE = timedelta(minutes=1)
_STEPS = (
    *(timedelta(seconds=seconds) for seconds in (10, 30)),
    *(_MINUTE * minutes for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(timedelta(days=days) for days in (1, 2, 7, 14, 28, 84, 364)),
)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday, so that bars of weeks begin with one
_WORDS = (
    ("launched", "launched"),
    ("succeeded", "succeeded"),
    ("failed", "failed"),
    ("to_launch", "launches expected"),
    ("to_end", "ends expected"),
)


class Bar(Struct, frozen=True):
    """A rectangle of one kind: launched, succeeded, failed, to_launch or to_end."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Bin(Struct, frozen=True):
    """One stretch of time, with its bars and the words for what happens in it."""

    words: str
    x: float
    width: float
    bars: tuple[Bar, ...]


class Tick(Struct, frozen=True):
    """A mark on the axis of time."""

    x: float
    label: str


class WindowCurve(Struct, frozen=True):
    """The curve of one window as two paths, what was used and what will be; `limit_y` is where its limit lies."""

    title: str
    words: str
    before: str
    after: str
    limit: int
    limit_y: float


class TimelineChart(Struct, frozen=True):
    """The whole drawing; `now_x` is where the present lies, `most` the number that the highest bar stands for."""

    WIDTH: ClassVar[int] = WIDTH
    LEFT: ClassVar[int] = LEFT
    RIGHT: ClassVar[int] = RIGHT
    BARS: ClassVar[int] = BARS
    CURVE: ClassVar[int] = CURVE

    bins: tuple[Bin, ...]
    ticks: tuple[Tick, ...]
    curves: tuple[WindowCurve, ...]
    now_x: float
    most: int
    step: str

    @property
    def height(self) -> int:
        """Of the whole drawing."""
        return 2 * BARS + 40 + len(self.curves) * (CURVE + 34)


def chart_of(timeline: Timeline) -> TimelineChart:
    """Return the drawing of a timeline."""
    axis = _Axis.of(timeline)
    counts = [(start, _counts(timeline, start, start + axis.step)) for start in axis.starts()]
    most = max((max(c[0] + c[3], c[1] + c[2] + c[4]) for _, c in counts), default=0)
    bins = tuple(axis.bin(start, each, max(most, 1)) for start, each in counts if any(each))
    curves = tuple(_curve(curve, axis, timeline.now) for curve in timeline.curves)
    return TimelineChart(bins, tuple(axis.ticks()), curves, axis.x(timeline.now), most, span(axis.step))


def _counts(timeline: Timeline, start: datetime, end: datetime) -> tuple[int, ...]:
    kinds: tuple[Sequence[datetime], ...] = tuple(getattr(timeline, name) for name, _ in _WORDS)
    return tuple(bisect_left(moments, end) - bisect_left(moments, start) for moments in kinds)


class _Axis(Struct, frozen=True):
    """The axis of time, in bars of one length."""

    begins: datetime
    ends: datetime
    step: timedelta

    @classmethod
    def of(cls, timeline: Timeline) -> _Axis:
        first, last = min(timeline.begins, timeline.now), max(timeline.ends, timeline.now)
        step = next((each for each in _STEPS if (last - first) / each < _MOST_BARS), _STEPS[-1])
        begins = _EPOCH + (first - _EPOCH) // step * step
        return cls(begins, begins + ((last - begins) // step + 1) * step, step)

    def x(self, at: datetime) -> float:
        share = (at - self.begins) / (self.ends - self.begins)
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)

    def starts(self) -> Iterator[datetime]:
        return (self.begins + self.step * number for number in range((self.ends - self.begins) // self.step))

    def bin(self, start: datetime, counts: tuple[int, ...], most: int) -> Bin:
        words = ", ".join(f"{count} {word}" for count, (_, word) in zip(counts, _WORDS, strict=True) if count)
        x, width = self.x(start), self.x(start + self.step) - self.x(start)
        thin = width * (1 - _GAP)
        bars = tuple(_stacked(counts, x, thin, most))
        return Bin(f"{moment(start)} and {span(self.step)} on: {words}", x, width, bars)

    def ticks(self) -> Iterator[Tick]:
        step = next((each for each in _STEPS if (self.ends - self.begins) / each <= _MOST_TICKS), _STEPS[-1])
        at = _EPOCH - (_EPOCH - self.begins) // step * step
        written = "%Y-%m-%d" if step >= _DAY else "%m-%d %H:%M" if step >= _MINUTE else "%H:%M:%S"
        while self.x(at) < WIDTH - _LABEL:
            yield Tick(self.x(at), at.strftime(written))
            at += step


def _stacked(counts: tuple[int, ...], x: float, width: float, most: int) -> Iterator[Bar]:
    """Yield launches above the middle line, ends below it, what is expected farther out than what was."""
    launched, succeeded, failed, to_launch, to_end = (round(count / most * BARS, 1) for count in counts)
    for kind, y, height in (
        ("launched", BARS - launched, launched),
        ("to_launch", BARS - launched - to_launch, to_launch),
        ("succeeded", BARS, succeeded),
        ("failed", BARS + succeeded, failed),
        ("to_end", BARS + succeeded + failed, to_end),
    ):
        if height:
            yield Bar(kind, x, round(y, 1), round(width, 1), height)


def _curve(curve: Curve, axis: _Axis, now: datetime) -> WindowCurve:
    top = max([curve.limit, *(used for _, used in curve.points)])

    def y(used: int) -> float:
        return round(CURVE * (1 - used / top), 1)

    used_now = next((used for at, used in reversed(curve.points) if at <= now), 0)
    before = [(at, used) for at, used in curve.points if at <= now]
    after = [(at, used) for at, used in curve.points if now < at <= axis.ends]
    past = [*before, (now, used_now)]
    ahead = [(now, used_now), *after, (axis.ends, after[-1][1] if after else used_now)]
    title = f"At most {counted(curve.limit, 'job')} in {span(curve.per)}"
    peak = max((used for _, used in curve.points), default=0)
    words = f"{title}: {used_now} used by this project now, {peak} at most"
    return WindowCurve(title, words, _path(past, axis, y), _path(ahead, axis, y), curve.limit, y(curve.limit))


def _path(points: Sequence[tuple[datetime, int]], axis: _Axis, y: Callable[[int], float]) -> str:
    """Return the path of steps through these points, as SVG has it."""
    if not points:
        return ""
    parts = [f"M{axis.x(points[0][0])} {y(0)}V{y(points[0][1])}"]
    parts += [f"H{axis.x(at)}V{y(used)}" for (_, _), (at, used) in pairwise(points)]
    return "".join(parts)
