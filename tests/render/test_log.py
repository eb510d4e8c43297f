from __future__ import annotations

from eocanvas_apply.render.log import as_json, text
from tests.render.plans import NOW


def test_a_line_has_its_time_and_nothing_that_steers_a_terminal() -> None:
    lines = [(NOW, "one"), (None, "two\x1b[2J")]
    assert text(lines).splitlines() == ["2026-11-23T04:00:00Z one", "- two\ufffd[2J"]
    assert as_json(lines) == [
        {"timestamp": "2026-11-23T04:00:00Z", "message": "one"},
        {"timestamp": None, "message": "two\x1b[2J"},
    ]
