"""What the program shows on a terminal, of projects that run in virtual time: the pictures of docs/terminal.md.

`python -m docs.terminal_scenes`, or `make docs`, writes them anew. With a number of columns it shows them instead.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich._export_format import CONSOLE_SVG_FORMAT

from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.emulator.model.job_failures import Failure, JobFaults, built_in
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.render import plan as plan_text
from eocanvas_apply.render import status as status_text
from eocanvas_apply.render.layout import Style
from eocanvas_apply.render.progress import board
from eocanvas_apply.report.progress import View
from eocanvas_apply.report.status import Status, status
from eocanvas_apply.report.watched_run import Moment
from tests.simulation.world import World

if TYPE_CHECKING:
    from eocanvas_apply.emulator.model.submissions import Execution

PAGE = Path(__file__).parent / "terminal.md"
ASSETS = Path(__file__).parent / "assets"
_QUOTA = (Quota(10, 3600), Quota(100, 30 * 86400))
_BAYS = ("Kiel", "Eckernfoerde", "Flensburg", "Luebeck", "Wismar", "Greifswald", "Szczecin", "Gdansk")
POLYGONS = [f"{_BAYS[number % 8]}-{number // 8 + 1:02}" for number in range(23)]
# A name and ids as long as they may be: 40 and 128 letters.
LONG_NAME = "sentinel3-olci-chlorophyll-baltic-coasts"
SCENES = [
    f"S3{'AB'[number % 2]}_OL_2_WFR____202407{number // 40 + 1:02}T{number % 24:02}{number % 60:02}17_"
    f"202407{number // 40 + 1:02}T{number % 24:02}{number % 60:02}317_20240708T115803_0179_114_193_1980_MAR_O_NT_003"
    for number in range(1000)
]
SCENES = [f"{name}_{'reprocessed-baseline-collection-4-olci-l2'[: 127 - len(name)]}" for name in SCENES]
_HEAD = """
version: 1
project: baltic
quota: [{jobs: 10, per: 1h}, {jobs: 100, per: 30d}]
keys:
  scenes: {type: s3, bucket: olci-scenes, region: waw3-2, endpoint: "https://s3.waw3-2.cloudferro.com",
           access_key: {env: ACCESS}, secret_key: {env: SECRET}}
  drive: {type: wekeo-drive, username: jane, password: {env: SECRET}}
jobs:
"""
_TILES = f"""
  tiles:
    for_each: {{list: [{", ".join(POLYGONS)}]}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "/${{each.value}}.zip"}}}}
    retries: 0
  mosaic: {{graph: graph.xml, inputs: {{img1: {{key: scenes, path: /mosaic.zip}}}}, output: {{key: drive}}}}
"""
_LONG = f"""
  {LONG_NAME}:
    for_each: {{list: [{", ".join(SCENES)}]}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "/${{each.value}}.zip"}}}}
    retries: 0
"""
SMALL, LARGE = _HEAD + _TILES, _HEAD + _TILES + _LONG


_FAILING = ("Gdansk-01", "Flensburg-02", "S3A_OL_2_WFR____20240701T0")


class _Some(JobFaults):
    """The jobs of some inputs fail."""

    def next_for(self, execution: Execution) -> Failure | None:
        text = str(execution.locations)
        return built_in("graph") if any(name in text for name in _FAILING) else None


@dataclass
class Scene:
    """A project some time after its first apply began."""

    world: World
    manifest: str
    views: list[View]

    @classmethod
    def of(cls, folder: Path, manifest: str, lasts: timedelta, **world: float) -> Scene:
        """Return a project after a run of this length; none where it has not begun."""
        scene = cls(World(folder, quotas=_QUOTA, **world), manifest, [])  # type: ignore[arg-type]
        service = scene.world.simulated.frontend.service
        service.job_faults = service.jobs.faults = _Some()
        if lasts:
            runner = scene.world.runner(manifest)
            runner.show = scene.views.append
            scene.world.run(runner.apply(Requests(), lasts, _approve))
        return scene

    @cached_property
    def planned(self) -> tuple[Plan, Status]:
        """What `plan` and `status` find."""
        runner = self.world.runner(self.manifest)
        plan, observed = self.world.run(runner.plan(Requests()))
        return plan, status(plan, runner.journal.recorded, observed)


def _approve(plan: Plan) -> None:
    """Take every plan."""


def _plan(scene: Scene, style: Style) -> str:
    return plan_text.text(scene.planned[0], style)


def _status(scene: Scene, style: Style) -> str:
    return status_text.text(scene.planned[1], style)


def _board(scene: Scene, style: Style) -> str:
    from rich.console import Console

    view = next(each for each in reversed(scene.views) if each.running)
    said = {
        job.job_id: "INFO: org.esa.snap.core.gpf.operators.tooladapter: Progress: 40 % done" for job in view.running
    }
    moment = Moment(view.plan.created + timedelta(seconds=12), timedelta(hours=1, minutes=4), timedelta(seconds=18))
    paper, width = io.StringIO(), (style.width or 80) - 1
    console = Console(file=paper, width=width, color_system="standard" if style.colour else None, force_terminal=True)
    console.print(board(view, {}, said, moment, width, 23))
    return paper.getvalue()


@contextmanager
def scenes() -> Iterator[Mapping[str, Callable[[Style], str]]]:
    """Yield what each picture shows, for a width, with or without colours."""
    with TemporaryDirectory() as first, TemporaryDirectory() as second, TemporaryDirectory() as third:
        fresh = Scene.of(Path(first), SMALL, timedelta())
        small = Scene.of(Path(second), SMALL, timedelta(minutes=64), job_time=900)
        large = Scene.of(Path(third), LARGE, timedelta(hours=2, minutes=64), job_time=900)
        yield {
            "plan of a first run": lambda style: _plan(fresh, style),
            "plan of a run that goes on": lambda style: _plan(small, style),
            "plan of a thousand": lambda style: _plan(large, style),
            "status": lambda style: _status(small, style),
            "status of a thousand": lambda style: _status(large, style),
            "apply": lambda style: _board(small, style),
            "apply of a thousand": lambda style: _board(large, style),
        }


_BLOCK = re.compile(r"(<!-- now: ([a-z ]+), (\d+) columns -->\n+```text\n).*?(^```$)", re.DOTALL | re.MULTILINE)
# The same in colours.
PICTURES = {"terminal-status.svg": ("status of a thousand", 80), "terminal-apply.svg": ("apply", 80)}


def page(text: str, shown: Mapping[str, Callable[[Style], str]]) -> str:
    """Return the page with what is shown now."""

    def block(found: re.Match[str]) -> str:
        return f"{found[1]}{_trimmed(shown[found[2]](Style(width=int(found[3]))))}{found[4]}"

    return _BLOCK.sub(block, text)


def picture(title: str, columns: int, shown: Mapping[str, Callable[[Style], str]]) -> str:
    """Return what is shown in colours as SVG, which asks for no font from elsewhere."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(Text.from_ansi(shown[title](Style(colour=True, width=columns))))
    command = f"eocanvas-apply {title.split()[0]}"
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title=command, code_format=form, unique_id=title.replace(" ", "-"))


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").split("\n"))


def write() -> None:
    """Write the page and its pictures."""
    with scenes() as shown:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), shown), encoding="utf-8")
        for name, (title, columns) in PICTURES.items():
            (ASSETS / name).write_text(picture(title, columns, shown), encoding="utf-8")


def show(columns: str, *options: str) -> None:
    """Print all of them."""
    with scenes() as found:
        for title, shown in found.items():
            sys.stdout.write(f"===== {title}\n{shown(Style('--color' in options, int(columns)))}\n")


if __name__ == "__main__":
    show(*sys.argv[1:]) if sys.argv[1:] else write()
