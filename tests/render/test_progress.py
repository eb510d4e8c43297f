from __future__ import annotations

import pytest

from eocanvas_apply.render.progress import line
from eocanvas_apply.render.style import Style
from eocanvas_apply.report.progress import Happening, Progress
from tests.render.plans import NOW


@pytest.mark.parametrize("happening", Happening)
def test_every_happening_is_one_line(happening: Happening) -> None:
    shown = line(Progress(NOW, "job.a", happening, "de\ntail \x1b[2J"))
    assert shown.startswith("04:00:00 job.a ")
    assert shown.isprintable()


def test_the_line_says_what_and_colours_it() -> None:
    progress = Progress(NOW, "job.a", Happening.LAUNCHED, "1d8f")
    assert line(progress) == "04:00:00 job.a launched 1d8f"
    assert line(progress, Style(colour=True)) == "04:00:00 job.a \x1b[32mlaunched\x1b[0m 1d8f"
