from __future__ import annotations

from eocanvas_apply.diagnostics import error
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render import result as render
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Ending
from eocanvas_apply.report.result_places import Place
from tests.render.plans import plan

RESULT = ApplyResult(
    plan(),
    (
        AddressResult("key.a", ActionKind.CREATE, Outcome.DONE),
        AddressResult("job.b", ActionKind.LAUNCH, Outcome.FAILED, error("job-failed", "exit status 40", "see logs")),
        AddressResult("job.c", ActionKind.WATCH, Outcome.WAITING),
    ),
    frozenset(),
)


def test_the_result_lists_waiting_and_failed_jobs_and_counts() -> None:
    assert render.text(RESULT) == (
        "Waiting\n  job.c\n"
        "Failed\n  job.b: exit status 40\n  next: see logs\n"
        "3 addresses: 1 done, 1 failed, 1 waiting.\n"
    )


def test_a_run_without_changes_is_reported() -> None:
    assert render.text(ApplyResult(plan(), (), frozenset())) == "0 addresses: nothing to do.\n"


def test_json_holds_every_address_and_zeros() -> None:
    body = render.body(RESULT)
    assert body["summary"] == {"done": 1, "failed": 1, "waiting": 1, "skipped": 0}
    assert body["results"][0] == {"address": "key.a", "action": "create", "outcome": "done", "error": None}
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
    assert shown[-2:] == ["  ... and 5 more", "25 addresses: 25 failed."]


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
        "23 addresses: 23 failed.",
    ]


def test_unchanged_items_have_their_reason() -> None:
    before = plan(PlannedAction("job.b", ActionKind.NONE, Reason.FAILED))
    again = ApplyResult(before, (AddressResult("job.b", ActionKind.NONE, Outcome.SKIPPED),), frozenset())
    assert render.text(again) == (
        "Not run\n  job.b: failed earlier; not retried (--retry-failed)\n1 address: 1 skipped.\n"
    )


def test_the_end_says_where_the_results_are_and_why_jobs_failed() -> None:
    def failed(name: str, line: str) -> AddressResult:
        message = f"job 1d8f-{name} failed (graph): {line}"
        hint = f"correct the graph; eocanvas-apply logs job.{name} shows the whole log"
        return AddressResult(f"job.{name}", ActionKind.LAUNCH, Outcome.FAILED, error("job-failed", message, hint))

    ended = (failed("a", "no reader"), failed("b", "no reader"), failed("c", "no band"))
    lie = (Place("job.tiles", "results/tiles/", 3, 4096), Place("job.far", "s3://maps/2024/", 1, None))
    assert render.text(ApplyResult(plan(), ended, frozenset(), places=lie)) == (
        "Results\n"
        "  job.tiles: results/tiles/ (3 files, 4.1 kB)\n"
        "  job.far: s3://maps/2024/ (1 file)\n"
        "Failed\n"
        "  job.a: graph: no reader\n"
        "  job.b: graph: no reader\n"
        "  job.c: graph: no band\n"
        "  next: correct the graph; eocanvas-apply logs ADDRESS shows the whole log\n"
        "3 addresses: 3 failed.\n"
    )


def test_a_needed_decision_is_shown() -> None:
    waiting = (AddressResult("job.b", ActionKind.LAUNCH, Outcome.WAITING),)
    ended = ApplyResult(plan(), waiting, frozenset({Ending.DECISION, Ending.UNFINISHED}))
    assert "a decision is needed; see: eocanvas-apply plan" in render.text(ended)
