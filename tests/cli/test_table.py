"""The table of a run on a real terminal."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project
from tests.cli.terminal import Terminal
from tests.emulator.model_client import private_key

CAMPAIGN = """
  tiles:
    for_each: {list: [a, b, c, d, e]}
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {key: scenes, path: "/${each.value}.zip", uncompress: true, sub_path: xfdumanifest.xml}}
quota: [{jobs: 4, per: 4s}]
"""


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.4, quotas=(Quota(4, 4),), private_key=private_key())) as emulator:
        yield emulator


@pytest.fixture(name="campaign")
def _campaign(project: Project) -> Project:
    with project.manifest.open("a", encoding="utf-8") as manifest:
        manifest.write(CAMPAIGN.lstrip("\n"))
    return project


def _apply(project: Project, *words: str, columns: int = 100, **environ: str) -> Terminal:
    return Terminal("apply", "--yes", *words, "-f", str(project.manifest), columns=columns, rows=40, **environ)


def test_a_run_shows_a_table_and_removes_it_at_the_end(campaign: Project) -> None:
    with _apply(campaign, "--wait", "10m") as terminal:
        seen = terminal.until(lambda screen: "next launch: in" in screen and "keys end in" in screen)
        assert re.search(r"^ +done +running +waiting +failed +fetched$", seen, re.M)
        assert re.search(r"^job\.tiles +\d/5 ", seen, re.M)
        assert re.search(r"^other jobs +\d/1 ", seen, re.M)
        assert re.search(r"^quota: +\d of 4 left in 4s$", seen, re.M)
        assert re.search(r"^keys end in: +key\.scenes (6d 23h|7d)$", seen, re.M)
        assert re.search(r"^elapsed: +\d+s(, looks again in \d+s)?, left of --wait: (10m|9m \d+s)$", seen, re.M)
        assert terminal.ended(60) == 0
    left = terminal.screen.text
    assert len(re.findall(r'^\d\d:\d\d:\d\d job\.tiles\["\w"\] succeeded$', left, re.M)) == 5
    assert "job.tiles is" not in left
    assert "next launch" not in left
    assert "elapsed:" not in left
    assert left.endswith(": 7 done.\n")
    assert "\x1b[?25l" not in terminal.said, "the cursor is never hidden, so that nothing must bring it back"


def test_jobs_at_work_are_named_with_what_their_logs_say(campaign: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    with _apply(campaign, columns=80) as terminal:
        at_work = re.compile(r"^  (tiles/\w|job\.subset) +running \d+s  \S", re.M)
        seen = terminal.until(lambda screen: at_work.search(screen) is not None)
        assert all(len(line) <= 80 for line in seen.splitlines())


def test_a_failed_job_is_shown_with_its_class_and_log_line(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    with _apply(project) as terminal:
        assert terminal.ended(60) == 4
    assert re.search(r"^\d\d:\d\d:\d\d job\.subset failed \(graph\) \S", terminal.screen.text, re.M)


def test_no_colour_is_a_table_without_colours(project: Project) -> None:
    with _apply(project, NO_COLOR="1") as terminal:
        terminal.until(lambda screen: "fetched" in screen)
        assert terminal.ended(60) == 0
    assert not re.search(r"\x1b\[[\d;]*m", terminal.said)


def test_a_dumb_terminal_gets_lines(project: Project) -> None:
    with _apply(project, TERM="dumb") as terminal:
        assert terminal.ended(60) == 0
    assert "\x1b[" not in terminal.said
    assert "job.subset launched " in terminal.screen.text


def test_ctrl_c_leaves_a_clean_screen(campaign: Project) -> None:
    with _apply(campaign, columns=40) as terminal:
        terminal.until(lambda screen: "keys end in" in screen and "next launch: in" in screen)
        terminal.resize(60, 20)
        terminal.screen.columns = 60
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended(60) == 130
    left = terminal.screen.text
    assert "stopping: nothing more is sent" in left
    assert "keys end in" not in left
    assert not re.search(r"^ +done +run", left, re.M)
    assert re.search(r"waiting\.\ninterrupted, [^;]*; eocanvas-apply\s+apply\s+-f\s.*\scontinues\n$", left, re.S)


def test_json_has_no_table(project: Project) -> None:
    with _apply(project, "--format", "json") as terminal:
        assert terminal.ended(60) == 0
    assert "fetched" not in terminal.said
    assert terminal.screen.text.rstrip().endswith("}")
