from __future__ import annotations

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render.layout import Style
from eocanvas_apply.render.results import result as render
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Ending
from eocanvas_apply.report.result_places import Place
from tests.render.plans import plan

RESULT = ApplyResult(
    plan(),
    (
        AddressResult("key.a", ActionKind.CREATE, Outcome.DONE),
        AddressResult("job.b", ActionKind.LAUNCH, Outcome.FAILED, error("job-failed", "exit status 40", "see logs")),
        AddressResult("job.c", ActionKind.WATCH, Outcome.WAITING, job_id="job-1", status="running"),
    ),
    frozenset(),
)


NO_JOB = {"job_id": None, "status": None}


def test_the_result_lists_waiting_and_failed_jobs_and_counts() -> None:
    assert render.text(RESULT) == (
        "Running\n  job.c\n"
        "Failed\n  job.b: exit status 40\n  next: see logs\n"
        "1 key and 2 jobs: 1 done, 1 running, 1 failed.\n"
        "1 running at the service; eocanvas-apply apply continues\n"
    )


def test_a_run_without_changes_is_reported() -> None:
    assert render.text(ApplyResult(plan(), (), frozenset())) == "No keys and no jobs: nothing to do.\n"


def test_json_holds_every_address_and_zeros() -> None:
    body = render.body(RESULT)
    assert body["summary"] == {"done": 1, "failed": 1, "waiting": 1, "skipped": 0}
    assert body["results"][0] == {"address": "key.a", "action": "create", "outcome": "done", "error": None} | NO_JOB
    assert [body["results"][2][name] for name in ("job_id", "status")] == ["job-1", "running"]
    failed = body["results"][1]["error"]
    assert failed is not None
    assert failed["code"] == "job-failed"


def test_long_groups_are_shortened_to_one_screen() -> None:
    failed = tuple(
        AddressResult(f"job.j{n}", ActionKind.WATCH, Outcome.FAILED, error("job-failed", f"line {n}"))
        for n in range(25)
    )
    shown = render.text(ApplyResult(plan(), failed, frozenset())).splitlines()
    assert len(shown) == 23
    assert shown[-2:] == ["  ... and 5 more", "25 jobs: 25 failed."]


def test_equal_diagnostics_are_counted() -> None:
    refused = [
        AddressResult(
            address, ActionKind.LAUNCH, Outcome.FAILED, error("terms", "no licence", f"see: why {typed(address)}")
        )
        for address in (f'job.tiles["T{n}"]' for n in range(23))
    ]
    shown = render.text(ApplyResult(plan(), tuple(refused), frozenset())).splitlines()
    assert shown == [
        "Failed",
        '  job.tiles["T0"]: no licence',
        '  job.tiles["T1"]: no licence',
        '  job.tiles["T2"]: no licence',
        "    and 20 more like this",
        "  next: see: why ADDRESS",
        "23 jobs: 23 failed.",
    ]


def test_the_end_says_where_the_results_are_and_why_jobs_failed() -> None:
    def failed(name: str, line: str) -> AddressResult:
        message = f"job 1d8f-{name} failed (graph): {line}"
        hint = f"correct the graph; eocanvas-apply logs job.{name} shows the whole log"
        return AddressResult(f"job.{name}", ActionKind.LAUNCH, Outcome.FAILED, error("job-failed", message, hint))

    ended = (failed("a", "no reader"), failed("b", "no reader"), failed("c", "no band"))
    lie = (Place("job.tiles", "results/tiles/", 3, 4096), Place("job.far", "s3://maps/2024/", 1, None))
    assert render.text(ApplyResult(plan(), ended, frozenset(), places=lie)) == (
        "Results\n"
        "  job.tiles: 3 files, 4.1 kB in results/tiles/\n"
        "  job.far: 1 file in s3://maps/2024/\n"
        "Failed\n"
        "  job.a: graph: no reader\n"
        "  job.b: graph: no reader\n"
        "  job.c: graph: no band\n"
        "  next: correct the graph; eocanvas-apply logs ADDRESS shows the whole log\n"
        "3 jobs: 3 failed.\n"
    )


def test_each_failure_has_its_own_next_step_right_below() -> None:
    def failed(name: str, line: str, hint: str) -> AddressResult:
        fault = error("job-failed", line, f"{hint}; eocanvas-apply logs job.{name} shows the whole log")
        return AddressResult(f"job.{name}", ActionKind.LAUNCH, Outcome.FAILED, fault)

    ended = (
        failed("a", "no reader", "correct the graph"),
        failed("b", "no space", "tried again"),
        failed("c", "no reader", "correct the graph"),
    )
    assert render.text(ApplyResult(plan(), ended, frozenset())) == (
        "Failed\n"
        "  job.a: no reader\n"
        "  job.c: no reader\n"
        "    next: correct the graph; eocanvas-apply logs ADDRESS shows the whole log\n"
        "  job.b: no space\n"
        "    next: tried again; eocanvas-apply logs job.b shows the whole log\n"
        "3 jobs: 3 failed.\n"
    )


@pytest.mark.parametrize(
    ("reason", "outcome", "words"),
    [
        (Reason.CANCELLED, Outcome.SKIPPED, "Not run\n  job.b: cancelled"),
        (Reason.HELD_CANARY, Outcome.WAITING, "Waiting\n  job.b: waits for the first instances (canary)"),
    ],
)
def test_what_is_not_run_and_what_no_command_continues_has_its_reason(
    reason: Reason, outcome: Outcome, words: str
) -> None:
    now = PlannedAction.of("job.b", ActionKind.NONE, reason)
    ended_as = "not run" if outcome is Outcome.SKIPPED else outcome
    ended = ApplyResult(plan(now), (AddressResult("job.b", now.action, outcome, now=now),), frozenset())
    assert render.text(ended) == f"{words}\n1 job: 1 {ended_as}.\n"
    assert render.unfinished(ended) is None


def test_the_last_line_names_the_command_that_goes_on() -> None:
    waiting = AddressResult("key.a", ActionKind.DELETE, Outcome.WAITING)
    ended = ApplyResult(plan(), (*RESULT.results, waiting), frozenset({Ending.INTERRUPTED}))
    last = render.text(ended, command="destroy").splitlines()[-1]
    assert last == "interrupted, 1 running at the service, 1 waiting; eocanvas-apply destroy continues"


def test_a_needed_decision_is_shown() -> None:
    waiting = (AddressResult("job.b", ActionKind.LAUNCH, Outcome.WAITING),)
    ended = ApplyResult(plan(), waiting, frozenset({Ending.DECISION, Ending.UNFINISHED}))
    assert "a decision is needed; see: eocanvas-apply plan" in render.text(ended)


def test_on_a_terminal_the_end_of_a_run_is_wrapped_at_blanks() -> None:
    fault = error("job-failed", " ".join(["graph: an operator could not be initialised"] * 4), "correct the graph " * 9)
    ended = AddressResult("job.b", ActionKind.LAUNCH, Outcome.FAILED, fault)
    result = ApplyResult(plan(), (ended,), frozenset())
    shown = render.text(result, Style(width=80))
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.startswith("Failed\n  job.b: graph: ")
    assert shown.split() == render.text(result).split()
    assert max(map(len, render.text(result).splitlines())) > 80
