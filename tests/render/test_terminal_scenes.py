"""What the program shows on terminals of several widths, of campaigns small and large, with names as long as may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import pytest

from docs.terminal_scenes import ASSETS, PAGE, PICTURES, page, picture, scenes
from eocanvas_apply.render.layout import Style, columns

Shown = Mapping[str, Callable[[Style], str]]
_PAINT = re.compile(r"\x1b\[[0-9;]*m")
# Where the order of what is shown matters, it is in the page.
TITLES = (
    *("plan of a first run", "plan of a run that goes on", "plan of a thousand", "status", "status of a thousand"),
    *("apply", "apply of a thousand"),
)


@pytest.fixture(name="shown", scope="module")
def _shown() -> Iterator[Shown]:
    with scenes() as shown:
        yield shown


def test_the_page_and_its_pictures_are_up_to_date(shown: Shown) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, shown) == text, "run `make docs`"
    assert text.count("<!-- now: ") == 5
    for name, (title, width) in PICTURES.items():
        drawn = (ASSETS / name).read_text(encoding="utf-8")
        assert picture(title, width, shown) == drawn, "run `make docs`"
        assert "url(" not in drawn.replace("url(#", "")


def test_every_scene_is_tried(shown: Shown) -> None:
    assert tuple(shown) == TITLES


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_nothing_is_wider_than_the_terminal(shown: Shown, title: str, width: int) -> None:
    lines = shown[title](Style(width=width)).split("\n")
    assert [line for line in lines if len(line) > width] == []


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("width", [80, 120])
def test_a_colour_only_repeats_what_the_text_says(shown: Shown, title: str, width: int) -> None:
    coloured = shown[title](Style(colour=True, width=width))
    assert coloured != _PAINT.sub("", coloured)
    assert _PAINT.sub("", coloured) == shown[title](Style(width=width))


def test_a_pipe_gets_whole_names_on_whole_lines(shown: Shown) -> None:
    text = shown["status of a thousand"](Style())
    running = re.findall(r"^  (\S+)  running 2m 24s, since 2026-01-05 11:01 UTC$", text, re.MULTILINE)
    assert len(running) == 10
    assert {len(name) for name in running} == {40 + 1 + 128}
    assert "\n  hint: graph: the graph cannot be processed with these inputs; correct it before another run\n" in text


def test_what_is_the_same_of_many_jobs_is_said_once(shown: Shown) -> None:
    text = shown["status of a thousand"](Style())
    assert text.count("Operator could not be initialised") == 1
    assert "Waiting (984)\n" in text
    assert re.search(r"  job\.tiles +23 instances: launch not before .*, the last ", text)
    few = shown["status"](Style())
    assert few.count("Operator could not be initialised") == 2


ROWS = [("a", "x", "short"), ("n" * 60, "", " ".join(["words"] * 20)), ("b", "", "text\nbelow")]


def test_columns_are_aligned_and_the_last_one_is_wrapped_below_itself() -> None:
    assert columns(ROWS, Style(width=60)) == [
        f"  a{' ' * 25}x  short",
        f"  {'n' * 12}…{'n' * 11}     words words words words words",
        *[f"{' ' * 31}words words words words words"] * 3,
        f"  b{' ' * 28}text",
        "    below",
    ]


def test_columns_without_a_terminal_are_whole_lines() -> None:
    long = f"  {'n' * 60}     {' '.join(['words'] * 20)}"
    assert columns(ROWS) == [f"  a{' ' * 61}x  short", long, f"  b{' ' * 64}text", "    below"]
    assert columns([]) == []
    assert columns([("a", "", "b")]) == ["  a  b"]


def test_beside_whole_names_that_leave_no_room_the_text_stands_below() -> None:
    assert columns([("n" * 60, "words")], Style(width=60), whole=True) == [f"  {'n' * 60}", "    words"]
