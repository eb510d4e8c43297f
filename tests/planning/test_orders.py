"""Orders of products: which is next, which failed, and which may still be needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.manifest.products import Product
from eocanvas_apply.planning.desired.desired_job import Deferred, DesiredInput, DesiredJob, JobDefinition, JobTraits
from eocanvas_apply.planning.state.observed import Download, DownloadState, Observed, Pass
from eocanvas_apply.planning.state.order_book import OrderBook, Standing, failures_in_a_row, orders_of, recent_orders
from eocanvas_apply.render.why import history_line
from eocanvas_apply.vocabulary import FailureClass
from tests.ledger.entries import entries, job_intended

T0 = datetime(2026, 1, 5, 8, tzinfo=UTC)
TIMING = Timing()
PRODUCT = Product("D", "P", "L")


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def order(minute: float, *states: e.OrderState, status: int | None = None) -> list[e.AnyEvent]:
    """An order decided then, and its state; the download has the name of the order."""
    names: dict[str, Any] = {"address": "job.subset", "order": f"o{minute}", "dataset_id": "D", "product_id": "P"}
    made: list[e.AnyEvent] = [e.OrderIntended(**names, decided=at(minute), send_before=at(minute + 0.5))]
    for state in states:
        download = f"o{minute}" if state in ("ordered", "ready", "gone") else None
        made.append(e.ProductOrdered(**names, state=state, download_id=download, status=status))
    return made


def use(minute: float, failure: FailureClass | None = None) -> list[e.AnyEvent]:
    """A launch with that order's download, and how its job failed if it did."""
    run: dict[str, Any] = {"address": "job.subset", "job_id": f"j{minute}"}
    intended = replace(job_intended(intent=f"i{minute}"), orders=(f"o{minute}",))
    submitted = e.JobSubmitted(**run, intent=f"i{minute}", status="accepted")
    return [intended, submitted, *([e.JobObserved(**run, status="failed", failure=failure)] if failure else [])]


def recorded_of(*events: Sequence[e.AnyEvent]) -> Recorded:
    recorded = Recorded()
    recorded.add(entries([event for each in events for event in each]))
    return recorded


def book(recorded: Recorded, now: float, **downloads: str) -> OrderBook:
    seen = {name: Download(DownloadState(state), f"https://hda/{name}") for name, state in downloads.items()}
    observed = Observed(at(now), "jane", {}, Pass(at(now), complete=True, jobs={}), downloads=seen)
    return OrderBook.of(recorded, observed, TIMING)


@pytest.mark.parametrize(
    ("events", "now", "seen", "standing"),
    [
        ([], 1, {}, Standing.MISSING),
        ([order(0)], 0.9, {}, Standing.ON_THE_WAY),
        ([order(0)], 1.1, {}, Standing.FAILED),
        ([order(0, "ordered")], 5, {"o0": "waiting"}, Standing.ON_THE_WAY),
        ([order(0, "ordered")], 5, {"o0": "unknown"}, Standing.ON_THE_WAY),
        ([order(0, "ordered")], 16, {"o0": "waiting"}, Standing.LATE),
        ([order(0, "ordered")], 16, {"o0": "ready"}, Standing.READY),
        ([order(0, "ordered")], 359, {"o0": "ready"}, Standing.READY),
        ([order(0, "ordered", "ready")], 360, {"o0": "ready"}, Standing.MISSING),
        ([order(0, "ordered")], 361, {"o0": "waiting"}, Standing.FAILED),
        ([order(0, "ordered", "gone")], 5, {"o0": "gone"}, Standing.FAILED),
        ([order(0, "ordered", "ready", "gone"), use(0)], 5, {"o0": "gone"}, Standing.MISSING),
        ([order(0, "refused", status=404)], 5, {}, Standing.FAILED),
        ([order(0, "refused", status=429)], 5, {}, Standing.MISSING),
        ([order(0, "not-sent")], 5, {}, Standing.MISSING),
        ([order(0, "ordered"), use(0)], 5, {"o0": "ready"}, Standing.READY),
        ([order(0, "ordered"), use(0, "graph")], 5, {"o0": "ready"}, Standing.READY),
        ([order(0, "ordered"), use(0, "staging-in")], 5, {"o0": "ready"}, Standing.MISSING),
        ([order(0, "ordered"), order(3, "ordered")], 5, {"o0": "ready", "o3": "waiting"}, Standing.READY),
        # Its job is over, so it is not looked up.
        ([order(0, "ordered", "ready"), use(0)], 5, {}, Standing.MISSING),
    ],
)
def test_the_state_of_a_product_order(
    events: list[list[e.AnyEvent]], now: float, seen: dict[str, str], standing: Standing
) -> None:
    assert book(recorded_of(*events), now, **seen).standing(PRODUCT, at(now)) is standing


def test_a_download_that_will_be_too_old_at_launch_is_not_used() -> None:
    orders = book(recorded_of(order(0, "ordered", "ready")), 340, o0="ready")
    assert orders.standing(PRODUCT, at(340)) is Standing.READY
    assert orders.standing(PRODUCT, at(365)) is Standing.MISSING


@pytest.mark.parametrize(
    ("events", "failures"),
    [
        ([], 0),
        ([order(0), order(2, "refused", status=403), order(4, "ordered", "gone")], 3),
        ([order(0), order(2, "refused", status=429), order(4, "not-sent"), order(6, "ordered", "gone")], 2),
        ([order(0), order(2, "ordered", "gone"), use(2), order(4, "ordered", "gone")], 1),
        ([order(0), order(2, "ordered")], 0),
        ([order(-5), order(-3), order(2)], 1),
    ],
)
def test_failures_in_a_row_since_the_run_began(events: list[list[e.AnyEvent]], failures: int) -> None:
    orders = recent_orders(recorded_of(*events), at(9))
    assert failures_in_a_row(orders, at(0), at(9), TIMING) == failures


def test_old_orders_are_dropped() -> None:
    recorded = recorded_of(order(0, "ordered"), order(1500, "ordered"), order(3000, "ordered"))
    assert [each.id for each in recorded.orders.values()] == ["o1500", "o3000"]
    assert [each.id for each in recent_orders(recorded, at(3000))] == ["o3000"]


def job_with(product: Product) -> DesiredJob:
    inputs = (DesiredInput("img1", "", product=product),)
    definition = JobDefinition(None, None, {}, inputs, {}, marked=True, components={}, fingerprint="")
    return DesiredJob("job.subset", JobTraits("snap-function").naming(inputs), Deferred.known(definition))


def test_why_shows_the_state_of_the_orders() -> None:
    wanted, other = (job_with(Product("D", name)) for name in "PQ")
    recorded = recorded_of(order(0), order(2, "refused", status=403), order(4, "ordered"), order(6, "ordered", "ready"))
    lines = [history_line(each) for each in orders_of(wanted, recorded)]
    assert [line.partition(" UTC: ")[2] for line in lines] == [
        "no answer yet, or lost",
        "refused",
        "on its way",
        "ready",
    ]
    assert lines[0].startswith("order of P decided 2026-01-05 08:00:00")
    assert orders_of(other, recorded) == []
