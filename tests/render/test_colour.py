"""Colour changes no letter of a text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from eocanvas_apply.diagnostics import error, warning
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.render import diagnostics, plan, progress, records
from eocanvas_apply.render.layout import PLAIN, Style
from eocanvas_apply.render.results import result, result_files
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Happening, Progress
from tests.golden.case import Case
from tests.golden.test_golden import HERE
from tests.render.plans import MIXED, NOW
from tests.render.plans import plan as make_plan

HOSTILE = "job.\x1b[2Ja"
ENTRY = Entry(seq=1, time=NOW, writer="w", batch="b", event=e.JobDismissed(address=HOSTILE, job_id="j\x1b[31m"))
ENDED = AddressResult("job.a", ActionKind.LAUNCH, Outcome.FAILED, error("job-failed", "a\x1b[2J", "b\x1b[2J"))
STORED = {
    "address": "job.a",
    "job_id": "j",
    "file": "a\x1b[2J.nc",
    "size": 4,
    "sha256": "0",
    "state": "at-key",
    "location": "s3://b\x1b[2J/a.nc",
}

TEXTS: dict[str, Callable[[Style], str]] = {
    "plan": lambda style: plan.text(make_plan(*MIXED), style),
    "plan with a diff": lambda style: plan.text(Case(HERE / "campaign-graph-changed").plan(), style),
    "result": lambda style: result.text(ApplyResult(make_plan(), (ENDED,), frozenset()), style),
    "ledger": lambda style: records.ledger_text([ENTRY], style),
    "log": lambda style: records.log_text([(NOW, "one\x1b[2J")], style),
    "diagnostics": lambda style: diagnostics.text((error("a", "b\x1b[2J", "c\x1b[2J"), warning("d", "e")), style),
    "progress": lambda style: progress.line(Progress(NOW, "job.a", Happening.LAUNCHED, "1\x1b[2J"), style),
    "results": lambda style: result_files.text([STORED], style),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_coloured_text_says_what_a_plain_one_says_and_nothing_else_controls_the_terminal(name: str) -> None:
    plain, coloured = TEXTS[name](PLAIN), TEXTS[name](Style(colour=True))
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
