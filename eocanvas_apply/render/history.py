"""The history of a key or a job, one line for each generation, order and launch, and where results are."""

from __future__ import annotations

from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.report.why import Launched, Past


def line(past: Past) -> str:
    """Return what became of a generation, an order or a launch; a text is why a job was forgotten."""
    if isinstance(past, Generation):
        return f"generation {past.number}: {past.name}: {_state(past)}"
    if isinstance(past, Order):
        return _of_order(past)
    return _of_launch(past) if isinstance(past, Launched) else f"forgotten ({past})"


def _of_order(order: Order) -> str:
    decided = f"{order.begun:%Y-%m-%d %H:%M:%S} UTC" if order.begun else "?"
    state = {None: "no answer yet, or lost", "ordered": "on its way"}.get(order.state, order.state)
    return f"order of {order.product_id} decided {decided}: {state} {order.message}".rstrip()


def _state(generation: Generation) -> str:
    if generation.deleted:
        return "deleted"
    if generation.created:
        end = generation.created.expires
        return f"created, ends {end:%Y-%m-%d %H:%M:%S} UTC" if end else "created"
    if generation.abandoned:
        return f"abandoned ({generation.abandoned.reason}) {generation.abandoned.message}".strip()
    return "intended, answer open"


def _of_launch(launched: Launched) -> str:
    intent, run = launched.intent, launched.run
    decided = f"{intent.intended.decided:%Y-%m-%d %H:%M:%S} UTC" if intent.intended else "?"
    became = _of_run(run) if run else f"{intent.state} {intent.refused.message if intent.refused else ''}".strip()
    return f"launch {intent.id[:8]} decided {decided}: {became}"


def _of_run(run: Run) -> str:
    if run.failure:
        return f"job {run.job_id}: failed ({run.failure}) {run.failure_line}".rstrip()
    here = f"job {run.job_id}: {run.status}, {whereabouts(run)}"
    if run.lost and run.pending:
        return f"{here}, the others not at the service since {min(run.lost):%Y-%m-%d %H:%M:%S} UTC"
    return here


def whereabouts(run: Run) -> str:
    """Return `2 of 3 results here`, or `1 result at the key` of what a storage of the user's own holds."""
    listed = run.results or ()
    at_key = sum(each.at_key for each in listed)
    fetched = len(listed) - at_key
    here = f"{len(run.stored)} of {_counted(fetched)} here"
    there = f"{_counted(at_key)} at the key"
    if not at_key:
        return here
    return f"{here}, {there}" if fetched else there


def _counted(number: int) -> str:
    return f"{number} result" if number == 1 else f"{number} results"
