"""How a run is shown in a cell: drawn anew in its place, not too often, and by whom else it is heard."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

import eocanvas_apply as eoc
from eocanvas_apply.api.audience import Audience, Called
from eocanvas_apply.api.notebook import cell_display
from eocanvas_apply.api.notebook.cell_display import CellDisplay, audience_of
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.report.progress import Happening, Progress, Transfer, View
from tests.render.plans import NOW, ORIGIN

VIEW = View(Plan(ORIGIN, NOW, ()), (), {}, frozenset(), {}, None)
LAUNCHED = Progress(NOW, "job.a", Happening.LAUNCHED, "1d8f")
FAILED = Progress(NOW, "job.<a>", Happening.FAILED, "no")


@dataclass
class Screen:
    """What was displayed, at a time that goes on when the test says so."""

    now: float = 100.0
    drawn: list[tuple[str, bool]] = field(default_factory=list)
    names: set[str | None] = field(default_factory=set)

    def display(self, picture: dict[str, str], display_id: str | None = None, *, update: bool = False) -> None:
        self.drawn.append((picture.get("text/html") or picture["text/plain"], update))
        self.names.add(display_id)

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(name="screen")
def _screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(cell_display, "_display", screen.display)
    monkeypatch.setattr(cell_display, "time", screen)
    return screen


def sits_in(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_a_display_is_drawn_in_its_place_and_twice_a_second_at_most(screen: Screen) -> None:
    display = CellDisplay()
    display.begin(timedelta(hours=1))
    display.report(LAUNCHED)
    assert screen.drawn == []
    display.show(VIEW)
    for _ in range(100):
        display.report(LAUNCHED)
        display.report(replace(LAUNCHED, happening=Happening.RECEIVING, transfer=Transfer(0, 1, 5, 9)))
    assert [update for _, update in screen.drawn] == [False]
    screen.now += 0.5
    display.tick()
    display.report(FAILED)
    assert [update for _, update in screen.drawn] == [False, True]
    display.close()
    assert len(screen.drawn) == 3
    assert len(screen.names) == 1
    assert "0 of 0 jobs done, ended after 0s" in screen.drawn[-1][0]
    assert "job.&lt;a&gt; failed no" in screen.drawn[-1][0]
    assert "launched" not in screen.drawn[-1][0]


def test_a_display_keeps_the_last_news_and_says_that_it_stops(screen: Screen) -> None:
    display = CellDisplay()
    display.show(VIEW)
    for number in range(20):
        display.report(replace(FAILED, address=f"job.n{number}"))
    display.stopping()
    shown = screen.drawn[-1][0]
    assert "stopping after 0s" in shown
    assert "answers on the way are waited for (at most 5s)" in shown
    assert ["n11 " in shown, "n12 " in shown, "n19 " in shown] == [False, True, True]


def test_nothing_is_displayed_of_a_run_that_never_began(screen: Screen) -> None:
    display = CellDisplay()
    display.begin(None)
    display.tick()
    display.stopping()
    display.close()
    assert screen.drawn == []


def test_a_terminal_of_ipython_gets_lines(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    sits_in(monkeypatch, SimpleNamespace())
    audience = audience_of(None)
    audience.report(LAUNCHED)
    audience.report(replace(LAUNCHED, transfer=Transfer(0, 1, 5, 9)))
    assert screen.drawn == [("04:00:00 job.a launched 1d8f", False)]
    assert not audience.looks


def test_who_is_told_depends_on_where_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    sits_in(monkeypatch, None)
    assert type(audience_of(None)) is Audience
    sits_in(monkeypatch, SimpleNamespace(kernel=object()))
    assert isinstance(audience_of(None), CellDisplay)
    assert isinstance(audience_of(print), Called)
    monkeypatch.delitem(sys.modules, "IPython")
    assert type(audience_of(None)) is Audience


def test_a_script_prints_nothing_and_imports_no_ipython(manifest: Path) -> None:
    code = "import sys, eocanvas_apply as eoc\n"
    code += "with eoc.open() as project:\n    run = project.apply(project.plan(), wait='2m')\n"
    code += "assert run.exit_code == 0 and 'IPython' not in sys.modules and 'rich' not in sys.modules"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=manifest.parent, capture_output=True, text=True, check=True
    )
    assert (ended.stdout, ended.stderr) == ("", "")


def test_ipython_in_a_terminal_shows_lines(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(manifest.parent / "ipython"))
    code = "import eocanvas_apply as eoc; project = eoc.open(); run = project.apply(project.plan()); project.close()"
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    ended = subprocess.run(command, cwd=manifest.parent, capture_output=True, text=True, check=True)
    assert 'job.tiles["west"] launched' in ended.stdout
    assert "<table>" not in ended.stdout


def test_a_run_whose_task_is_cancelled_waits_for_the_answer_on_the_way(
    manifest: Path, emulator: RunningEmulator
) -> None:
    async def main() -> eoc.ApplyResult:
        async with eoc.aopen(manifest) as project:
            launching = asyncio.Event()

            def hear(event: eoc.Progress) -> None:
                if event.happening == "launching":
                    launching.set()

            run = asyncio.ensure_future(project.apply(await project.plan(), on_progress=hear))
            await launching.wait()
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            ledger = (manifest.parent / ".eocanvas/default.jsonl").read_text(encoding="utf-8")
            ends = [ledger.count(f'"job-{kind}"') for kind in ("submitted", "withdrawn", "intended")]
            assert ends[0] + ends[1] == ends[2] > 0
            return await project.apply(await project.plan())

    with emulator.model() as wire:
        wire.faults.append(Fault("delay", "POST", "*/execution", times=3, seconds=0.5))
    assert asyncio.run(main()).summary["done"] == 4
    with emulator.model() as wire:
        wire.faults.clear()


def test_a_display_tells_the_time_of_the_service(screen: Screen) -> None:
    display = CellDisplay()
    at = datetime(2024, 7, 1, 4, tzinfo=UTC)
    display.show(
        replace(VIEW, plan=Plan(ORIGIN, at, ()), keys={"key.a": at + timedelta(hours=1)}, look_in=timedelta(seconds=9))
    )
    screen.now += 5
    display.tick()
    assert "running for 5s, looks again in 4s" in screen.drawn[-1][0]
    assert "keys end in: key.a 59m 55s" in screen.drawn[-1][0]
