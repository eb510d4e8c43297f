"""What a notification says of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Ending
from eocanvas_apply.report.run_message import message_of
from tests.planning.scene import HEAD, SCENES, Scene

PLAN = Scene(HEAD + SCENES).plan()
FAULT = error("job-failed", "it failed")
DONE = AddressResult("job.a", ActionKind.LAUNCH, Outcome.DONE)
STANDS = AddressResult("job.b", ActionKind.NONE, Outcome.FAILED, FAULT)
FAILED = AddressResult("job.b", ActionKind.WATCH, Outcome.FAILED, FAULT)
KEPT = AddressResult("job.a", ActionKind.NONE, Outcome.DONE)
ASKED = AddressResult(
    "job.c", ActionKind.ASK, Outcome.WAITING, now=PlannedAction.of("job.c", ActionKind.ASK, Reason.AMBIGUOUS)
)


def _message(*results: AddressResult, endings: tuple[Ending, ...] = (), news: tuple[str, ...] = ()) -> tuple[str, ...]:
    result = ApplyResult(PLAN, results, frozenset(endings), news=frozenset(news))
    return message_of(result, "coast", "default").events


@pytest.mark.parametrize(
    ("events", "results", "endings", "news"),
    [
        (("finished",), (DONE,), (), ()),
        ((), (KEPT,), (), ()),
        (("finished",), (KEPT,), (), ("job.a",)),
        (("failed",), (DONE, FAILED), (Ending.FAILED,), ()),
        ((), (STANDS,), (Ending.FAILED,), ()),
        (("failed",), (STANDS,), (Ending.FAILED,), ("job.b",)),
        (("decision",), (ASKED,), (Ending.DECISION,), ()),
        (("error", "failed"), (FAILED,), (Ending.ERROR, Ending.FAILED), ()),
        ((), (FAILED,), (Ending.FAILED, Ending.INTERRUPTED), ()),
        ((), (DONE,), (Ending.UNFINISHED,), ()),
    ],
)
def test_a_run_tells_what_is_new(
    events: tuple[str, ...],
    results: tuple[AddressResult, ...],
    endings: tuple[Ending, ...],
    news: tuple[str, ...],
) -> None:
    assert _message(*results, endings=endings, news=news) == events


@pytest.mark.parametrize("reason", [Reason.DRIFTED, Reason.MISSING])
def test_a_key_that_was_changed_from_outside_is_drift(reason: Reason) -> None:
    kind = ActionKind.REPLACE if reason is Reason.DRIFTED else ActionKind.CREATE
    plan = replace(PLAN, actions=(PlannedAction.of("key.scenes", kind, reason),))
    found = message_of(ApplyResult(plan, (), frozenset({Ending.UNFINISHED})), "coast", "default")
    assert found.events == ("drift",)


def test_long_lists_are_cut_and_counted() -> None:
    results = tuple(AddressResult(f"job.x[{n}]", ActionKind.WATCH, Outcome.FAILED, FAULT) for n in range(12))
    values = message_of(ApplyResult(PLAN, results, frozenset()), "coast", "default").values
    assert len(values["failures"]) == 10
    assert values["text"].splitlines()[0] == "coast (default): 12 failed"
    assert values["text"].splitlines()[-1] == "2 more failed"


def test_what_needs_a_decision_is_named() -> None:
    values = message_of(ApplyResult(PLAN, (ASKED,), frozenset()), "coast", "default").values
    assert values["decisions"] == ["job.c"]
    assert values["text"].endswith("\njob.c: a decision is needed")
