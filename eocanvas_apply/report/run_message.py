"""What a notification says of a run of apply: its events, and the values that a body may name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Ending, outcome_counts
from eocanvas_apply.vocabulary import RunEvent

_MOST = 10
_LONGEST = 500
_DRIFT = (Reason.DRIFTED, Reason.MISSING, Reason.VANISHED)


class RunMessage(Struct, frozen=True):
    """The events of a run, the gravest first, and its values by their names in a body, but for its exit code."""

    events: tuple[RunEvent, ...]
    values: Mapping[str, Any]


def message_of(result: ApplyResult, project: str, environment: str) -> RunMessage:
    """Return what a run has to say; one that was interrupted says nothing: a person is there."""
    found = set() if Ending.INTERRUPTED in result.endings else set(_events(result))
    failed = [(each.address, each.error) for each in result.results if each.outcome is Outcome.FAILED]
    asked = [each.address for each in result.results if each.now and each.now.action is ActionKind.ASK]
    ended = [("run", result.diagnostics[-1])] if result.last_seen and result.diagnostics else []
    ends = result.ends
    return RunMessage(
        _ordered(found),
        {
            **_values(project, environment, outcome_counts(result.results), [*ended, *failed], asked),
            "ends": ends.isoformat().replace("+00:00", "Z") if ends else None,
        },
    )


def message_of_fault(diagnostics: Iterable[Diagnostic], project: str, environment: str) -> RunMessage:
    """Return what a run has to say that an error ended before anything was done."""
    counts = dict.fromkeys(map(str, Outcome), 0)
    values = _values(project, environment, counts, [("run", each) for each in diagnostics], [])
    return RunMessage(("error",), {**values, "ends": None})


def _ordered(events: Collection[RunEvent]) -> tuple[RunEvent, ...]:
    return tuple(each for each in get_args(RunEvent) if each in events)


def _events(result: ApplyResult) -> Iterable[RunEvent]:
    acted = any(each.action is not ActionKind.NONE for each in result.results) or bool(result.news)
    if result.endings & {Ending.ERROR, Ending.STALE}:
        yield "error"
    if Ending.DECISION in result.endings:
        yield "decision"
    if any(_failed_now(each, result.news) for each in result.results):
        yield "failed"
    if any(each.reason in _DRIFT for each in result.plan.actions):
        yield "drift"
    if not result.endings and acted:
        yield "finished"


def _failed_now(result: AddressResult, news: Collection[str]) -> bool:
    """Return whether this run is the first that can report it: not every scheduled run repeats what stands failed."""
    return result.outcome is Outcome.FAILED and (result.action is not ActionKind.NONE or result.address in news)


def _values(
    project: str,
    environment: str,
    counts: Mapping[str, int],
    failed: list[tuple[str, Diagnostic | None]],
    asked: list[str],
) -> dict[str, Any]:
    failures = [{"address": address, "error": _short(fault)} for address, fault in failed[:_MOST]]
    parts = [f"{number} {word}" for word, number in counts.items() if number]
    summary = f"{project} ({environment}): {', '.join(parts) or 'nothing done'}"
    lines = [summary, *(f"{each['address']}: {each['error']}" for each in failures)]
    lines += [f"{len(failed) - _MOST} more failed"] if len(failed) > _MOST else []
    lines += [f"{address}: a decision is needed" for address in asked[:_MOST]]
    return {
        "project": project,
        "environment": environment,
        **counts,
        "failures": failures,
        "decisions": asked[:_MOST],
        "summary": summary,
        "text": "\n".join(lines),
    }


def _short(fault: Diagnostic | None) -> str:
    return (fault.message if fault else "failed")[:_LONGEST]
