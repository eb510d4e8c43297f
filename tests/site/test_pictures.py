"""The pictures of the documentation: a terminal is recorded as it is, and each picture is shown."""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docs.screenshots import ASSETS, PICTURES
from docs.terminal_session import ROWS, Recording, animated

DOCS = ASSETS.parent
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(name="recording")
def _recording(tmp_path: Path) -> Recording:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TERM": "xterm-256color",
        "PYTHONPATH": str(DOCS.parent),
    }
    return Recording(tmp_path, environ)


def test_a_terminal_is_recorded_key_by_key_and_with_the_exit_code(recording: Recording) -> None:
    assert recording.run("eocanvas-apply explain bad-day") == 0
    assert recording.run("eocanvas-apply explain no-such-code") == 1
    shown = ["\n".join(recording.screen.display)]
    assert "$ eocanvas-apply explain no-such-code" in shown[0]
    assert "bad-day (error)" in shown[0]
    typed = ["".join(cell.data for cell in frame[0]).rstrip() for frame, _ in recording.frames[:4]]
    assert typed == ["$", "$ e", "$ eo", "$ eoc"]


def test_a_recording_plays_from_its_first_frame_to_its_last(recording: Recording) -> None:
    recording.run("eocanvas-apply explain bad-day")
    text = animated(recording, "a <title>")
    root = ET.fromstring(text)
    assert root.findtext(f"{SVG}title") == "a <title>"
    steps = [float(share) for share in re.findall(r"([\d.]+)%\{transform", text)]
    assert steps == sorted(steps)
    assert (steps[0], len(steps)) == (0.0, len(recording.frames))
    drawn = {use.get("href", "")[1:] for use in root.iter(f"{SVG}use")}
    assert drawn == {group.get("id") for group in root.iter(f"{SVG}g")} - {None}
    coloured = [each for each in root.iter(f"{SVG}text") if each.get("font-weight") == "bold"]
    assert [each.text for each in coloured] == ["bad-day"]
    assert len(recording.frames[-1][0]) == ROWS


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_on_a_page_with_words_for_who_cannot_see_it(name: str) -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert re.search(rf"!\[[a-z].{{20,}}\]\(assets/{re.escape(name)}\)", pages)
    assert 1000 < (ASSETS / name).stat().st_size < 300_000


def test_the_recorded_session_asks_nothing_outside() -> None:
    text = (ASSETS / "session.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert not {"script", "image", "foreignObject"} & {each.tag.removeprefix(SVG) for each in root.iter()}
    assert "url(" not in text
    assert "@import" not in text
