from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

import pytest
from msgspec.structs import replace
from rich.console import Console

from eocanvas_apply.applying.notices import outage_reporter
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.plan import Forecast, Plan, WindowState
from eocanvas_apply.render.layout import Style, rough, size
from eocanvas_apply.render.progress import board, html, line, waiting
from eocanvas_apply.report.progress import Happening, Progress, RunningJob, Transfer, View
from eocanvas_apply.report.status import Tally
from eocanvas_apply.report.watched_run import Moment, Stage
from eocanvas_apply.service.outages import LongList
from tests.render.plans import NOW, ORIGIN


@pytest.mark.parametrize("happening", Happening)
def test_every_happening_is_one_line(happening: Happening) -> None:
    shown = line(Progress(NOW, "job.a", happening, "de\ntail \x1b[2J"))
    assert shown.startswith("04:00:00 job.a ")
    assert shown.isprintable()


def test_the_summary_line_counts_and_has_colours() -> None:
    progress = Progress(NOW, "job.a", Happening.LAUNCHED, "1d8f")
    assert line(progress) == "04:00:00 job.a launched 1d8f"
    assert line(progress, Style(colour=True)) == "04:00:00 job.a \x1b[32mlaunched\x1b[0m 1d8f"


@pytest.mark.parametrize("style", [Style(), Style(colour=True)])
def test_a_long_line_is_wrapped_at_blanks_and_names_stay_whole(style: Style) -> None:
    name = f'job.tiles["{"S3A_OL_2_WFR____" * 6}"]'
    fault = "Error: [NodeId: Read] no product reader found for the file that the service has given to the graph"
    event = Progress(NOW, name, Happening.STATUS, "failed", failure="graph", failure_line=fault)
    whole = line(event, style)
    lines = replace(style, width=80).wrap(whole, " " * 9).split("\n")
    assert " ".join(each.strip() for each in lines) == whole
    seen = [re.sub(r"\x1b\[\d*m", "", each) for each in lines]
    assert [len(each) <= 80 or name in each for each in seen] == [True] * len(seen)
    assert [each.startswith(" " * 9) for each in seen] == [False] + [True] * (len(seen) - 1)
    assert len(seen) == 3
    assert style.wrap(whole) == whole


HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_a_list_that_takes_long_is_named_with_how_far_it_is_read() -> None:
    lines: list[str] = []
    hear = outage_reporter(lambda progress: lines.append(line(progress)))
    hear(LongList(NOW, NOW - MINUTE, "GET /jobs", 12, 1200))
    assert lines == ["04:00:00 service answers slowly; reads GET /jobs: 12 pages with 1,200 entries so far"]


def test_a_service_that_does_not_answer_is_named_with_the_next_try() -> None:
    why = "GET /serverless/keys answered 200, but with an HTML page, not JSON"
    silent = Progress(NOW, "service", Happening.SILENT, "90", failure_line=why, since=NOW - MINUTE)
    words = "04:00:00 service gives no usable answer since 03:59:00 UTC"
    assert line(silent) == f"{words} (next try at 04:01:30 UTC): {why}"
    soon = line(replace(silent, detail="5"))
    assert soon == f"{words} (next try at 04:00:05 UTC, then after longer pauses): {why}"
    assert line(replace(silent, detail="")) == f"{words} (still waiting for an answer): {why}"
    assert line(Progress(NOW, "service", Happening.ANSWERS)) == "04:00:00 service answers again"


def _tally(campaign: str | None, **counts: int) -> Tally:
    return Tally(campaign, {phase: counts.get(phase.name.lower(), 0) for phase in Phase})


def _window(left: int, limit: int, per: timedelta) -> WindowState:
    return WindowState(limit, per, limit - left, left, next_free=None)


VIEW = View(
    plan=Plan(
        ORIGIN,
        NOW,
        (),
        forecast=Forecast(waiting=280, ends=NOW + 28 * HOUR),
        windows=(_window(3, 10, HOUR), _window(88, 100, timedelta(days=30))),
    ),
    tallies=(
        _tally("job.datacube", done=12, running=3, waiting=280, failed=5),
        _tally("job.tiles", done=23),
        _tally(None, running=1, undecided=1),
    ),
    stored={"job.datacube": 1_200_000_000, "job.tiles": 41_500},
    fetching=frozenset({'job.datacube["a"]', 'job.datacube["b"]'}),
    keys={"key.scenes": NOW + 150 * HOUR, "key.drive": NOW + 47 * MINUTE},
    next_launch=NOW + 12 * MINUTE,
)
TRANSFERS = {
    'job.datacube["a"]': Transfer(files=1, due=2, arrived=400_000_000, expected=900_000_000),
    'job.datacube["b"]': Transfer(files=0, due=1, arrived=100_000_000, expected=100_000_000),
    'job.tiles["over"]': Transfer(files=1, due=1, arrived=5, expected=5),
}


def test_what_a_run_waits_for_is_one_line() -> None:
    assert waiting(replace(VIEW, look_in=timedelta(seconds=30))) == (
        "04:00:00 still at work: 4 running, 280 waiting (the next launch at 04:12:00 UTC); looks again in 30s"
    )
    keys = replace(VIEW, tallies=(), next_launch=None, look_in=MINUTE)
    assert waiting(keys) == "04:00:00 still at work: keys; looks again in 1m"


MOMENT = Moment(NOW + timedelta(seconds=3), timedelta(seconds=130))


def _drawn(
    view: View,
    transfers: dict[str, Transfer],
    width: int,
    moment: Moment = MOMENT,
    height: int | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
) -> str:
    paper = io.StringIO()
    console = Console(file=paper, width=width, color_system=None, force_terminal=True)
    console.print(board(view, transfers, said, moment, width, height))
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines()) + "\n"


def test_the_progress_table_of_campaigns_and_single_jobs() -> None:
    assert (
        _drawn(VIEW, TRANSFERS, 100, replace(MOMENT, left=49 * MINUTE, look_in=timedelta(seconds=12)))
        == """\
                done  running  waiting  failed     fetched
job.datacube  12/300        3      280       5  1.7/2.2 GB
job.tiles      23/23        -        -       -       42 kB
other jobs       0/2        1        -       -           -

elapsed:     2m 10s, looks again in 12s, left of --wait: 49m
decisions:   1 needed: eocanvas-apply status
next launch: in 11m 57s, 280 waiting, the last in 1d 4h
quota:       3 of 10 left in 1h, 88 of 100 left in 30d
keys end in: key.drive 46m 57s, key.scenes 6d 6h
"""
    )


def test_a_notebook_shows_the_same_and_says_once_for_how_long() -> None:
    moment = replace(MOMENT, look_in=timedelta(seconds=12))
    shown = html(VIEW, TRANSFERS, moment, Stage.RUNNING, ["04:00:00 job.<a> failed"])
    assert "<b>35 of 325 jobs done, running for 2m 10s, looks again in 12s</b>" in shown
    row = "<td>job.datacube</td><td>12/300</td><td>3</td><td>280</td><td>5</td><td>1.7/2.2 GB</td>"
    assert f"<tr>{row}</tr>" in shown
    assert "decisions: 1 needed: eocanvas-apply status\nnext launch: in 11m 57s" in shown
    assert "elapsed" not in shown
    assert shown.endswith("job.&lt;a&gt; failed</pre></div>")
    ended = html(VIEW, TRANSFERS, moment, Stage.ENDED, [])
    assert "ended after 2m 10s</b>" in ended
    assert "next launch" not in ended
    assert "<pre>nothing more is sent; " in html(VIEW, TRANSFERS, moment, Stage.STOPPING, [])


def test_the_table_fits_into_forty_columns() -> None:
    drawn = _drawn(VIEW, TRANSFERS, 39)
    assert all(len(line) <= 39 for line in drawn.splitlines())
    assert drawn.splitlines()[0].split() == ["done", "run", "wait", "fail", "got"]
    assert re.search(r"^d\S*…\S+ +12/300 +3 +280 +5 +1\.7/2\.2 GB$", drawn, re.M), drawn
    assert "next launch: in 11m 57s, 280 waiting, …\n" in drawn


def _at_work(name: str, job_id: str, minutes: int) -> RunningJob:
    return RunningJob(f'job.datacube["{name}"]', job_id, "running", NOW - minutes * MINUTE)


SCENE = "S3A_OL_2_WFR____20240706T094017_20240706T094317_20240707T120000_0179_114_136_1980_MAR_O_NT_003.SEN3"


def test_jobs_at_work_are_named_with_their_age_and_what_their_log_says_at_last() -> None:
    view = replace(VIEW, running=(_at_work(SCENE, "j1", 3), _at_work("b", "j2", 1)))
    drawn = _drawn(view, {}, 80, said={"j1": "40%", "j2": "INFO: reading \x1b[2J " + "x" * 100}).splitlines()
    assert drawn[4:8] == [
        "",
        "  datacube/S3A_…_NT_003.SEN3  running 3m 3s  40%",
        "  datacube/b                  running 1m 3s  INFO: reading \ufffd[2J xxxxxxxxxxxxxxx…",
        "",
    ]
    assert max(map(len, drawn)) <= 80


def test_names_that_differ_in_the_middle_are_cut_there() -> None:
    days = [SCENE.replace("20240706T094017", f"202407{day:02}T094017") for day in (1, 2)]
    view = replace(VIEW, running=tuple(_at_work(name, name, 2) for name in ("alone", *days)))
    names = [line.split()[0] for line in _drawn(view, {}, 80).splitlines()[5:8]]
    assert names == ["datacube/alone", "datacu…0240701T094017_202…", "datacu…0240702T094017_202…"]


def test_groups_stand_apart_only_where_there_is_room() -> None:
    view = replace(VIEW, running=(_at_work("b", "j2", 1),))
    assert "" in _drawn(view, {}, 80, height=15).splitlines()
    low = _drawn(view, {}, 80, height=11)
    assert "" not in low.splitlines()
    assert "datacube/b" in low


@pytest.mark.parametrize("height", [10, 12, 23])
def test_the_table_is_never_higher_than_the_terminal(height: int) -> None:
    many = tuple(_tally(f"job.c{n:02}", done=1, running=int(n > 20)) for n in range(30))
    running = tuple(_at_work(str(n), f"j{n}", n) for n in range(9))
    drawn = _drawn(replace(VIEW, tallies=many, running=running), {}, 79, height=height)
    assert len(drawn.splitlines()) <= height
    assert drawn.splitlines()[1].startswith("job.c21 "), "what is at work comes first"
    assert " more campaigns\n" in drawn


def test_of_many_jobs_at_work_the_oldest_are_named() -> None:
    running = tuple(_at_work(str(n), f"j{n}", 20 - n) for n in range(9))
    drawn = _drawn(replace(VIEW, running=running), {}, 79)
    assert re.findall(r"^  datacube/(\d)", drawn, re.M) == ["0", "1", "2", "3"]
    assert "\n  and 5 more running\n" in drawn


def test_an_unknown_size_is_not_invented() -> None:
    unknown = {'job.datacube["a"]': Transfer(files=0, due=2, arrived=400_000_000, expected=None)}
    assert " 1.6 GB\n" in _drawn(VIEW, unknown, 100)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (4096, "4.1 kB"), (41_500, "42 kB"), (999_700, "1.0 MB"), (2 * 10**15, "2000 TB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59.6, "1m"), (200, "3m 20s"), (3599, "59m 59s"), (3602, "1h"), (90_000, "1d 1h")],
)
def test_rough_lengths_of_time(seconds: float, text: str) -> None:
    assert rough(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("happening", "detail", "news"),
    [
        (Happening.LAUNCHED, "1d8f", False),
        (Happening.STORED, "a.nc", False),
        (Happening.STATUS, "running", False),
        (Happening.STATUS, "successful", True),
        (Happening.STATUS, "failed", True),
        (Happening.REFUSED, "too many", True),
        (Happening.CREATED, "baltic-scenes-1", True),
        (Happening.SILENT, "20", True),
        (Happening.READING, "GET /jobs", True),
    ],
)
def test_messages_beside_the_table(happening: Happening, detail: str, *, news: bool) -> None:
    assert Progress(NOW, "job.a", happening, detail).is_news is news
