from __future__ import annotations

from eocanvas_apply.render.records import log_json, log_text
from tests.render.plans import NOW


def test_a_log_line_has_its_time_and_no_control_characters() -> None:
    lines = [(NOW, "one"), (None, "two\x1b[2J")]
    assert log_text(lines).splitlines() == ["2026-11-23T04:00:00Z one", "- two\ufffd[2J"]
    assert log_json(lines) == [
        {"timestamp": "2026-11-23T04:00:00Z", "message": "one"},
        {"timestamp": None, "message": "two\x1b[2J"},
    ]
