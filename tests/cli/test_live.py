from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest
from msgspec.structs import replace

from eocanvas_apply.cli.terminal.channel import Channel, LiveArea
from eocanvas_apply.cli.terminal.live import Lines, live
from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.report.progress import Happening, Progress, View
from tests.cli.terminal import Screen
from tests.render.plans import NOW, ORIGIN


class _Terminal(io.StringIO):
    """A stream that claims to be a terminal of a size."""


def _area(monkeypatch: pytest.MonkeyPatch, columns: int = 40, rows: int = 10) -> tuple[LiveArea, Channel]:
    channel = Channel(_Terminal())
    area = LiveArea(channel)
    monkeypatch.setattr(area, "_size", lambda: (columns, rows))
    return area, channel


def _seen(channel: Channel, columns: int = 40) -> str:
    assert isinstance(channel.stream, _Terminal)
    screen = Screen(columns)
    screen.feed(channel.stream.getvalue())
    return screen.text


def test_the_table_is_redrawn_in_place_below_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    area, channel = _area(monkeypatch)
    area.show(lambda _: "one\ntwo")
    channel.write("message\n")
    area.show(lambda _: "three\nfour\nfive")
    area.write("second message")
    assert _seen(channel) == "message\nsecond message\nthree\nfour\nfive\n"
    area.close()
    channel.write("the end\n")
    assert _seen(channel) == "message\nsecond message\nthe end\n"


def test_lines_say_at_once_and_then_once_a_silent_minute_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("eocanvas_apply.cli.terminal.live.time.monotonic", lambda: now[0])
    lines = Lines(Channel(_Terminal()))
    view = View(Plan(ORIGIN, NOW, ()), (), {}, frozenset(), {}, None, (), timedelta(seconds=30))
    said = []
    for seconds in (0, 30, 30, 30):
        now[0] += seconds
        lines.show(view)
        lines.show(replace(view, look_in=None))
        said.append(lines.channel.stream.getvalue().count("looks again in 30s"))  # type: ignore[attr-defined]
    lines.write(Progress(NOW, "job.a", Happening.LAUNCHED))
    now[0] += 59
    lines.show(view)
    said.append(lines.channel.stream.getvalue().count("looks again in 30s"))  # type: ignore[attr-defined]
    assert said == [1, 1, 2, 2, 2]


def test_a_table_higher_than_the_terminal_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    area, channel = _area(monkeypatch, rows=5)
    area.show(lambda _: "\n".join(f"line {n}" for n in range(30)))
    area.redraw()
    assert _seen(channel) == "line 0\nline 1\nline 2\n…\n"


def test_wrapped_lines_are_erased_completely(monkeypatch: pytest.MonkeyPatch) -> None:
    area, channel = _area(monkeypatch)
    area.show(lambda _: f"\x1b[31m{'x' * 100}\x1b[0m")
    area.redraw()
    assert _seen(channel).count("x") == 100
    area.close()
    assert _seen(channel) == ""


def test_the_table_follows_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    area, channel = _area(monkeypatch)
    area.show(lambda width: "-" * width)
    monkeypatch.setattr(area, "_size", lambda: (20, 10))
    area.redraw()
    # The 39 characters take two rows of the narrower terminal, and two are wiped off.
    assert _seen(channel, 20) == f"{'-' * 19}\n"


def test_the_table_is_redrawn_by_itself_and_removed_after_a_fault() -> None:
    channel = Channel(_Terminal())
    drawn = []

    async def play() -> None:
        async with live(channel) as area:
            area.show(lambda width: drawn.append(width) or "here")  # type: ignore[func-returns-value]
            raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        asyncio.run(play())
    assert drawn == [79]
    assert channel.area is None
    assert _seen(channel) == ""
