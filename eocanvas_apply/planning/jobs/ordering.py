"""Orders of products: made when a launch is about to come, shared by jobs, and used while they are young.

An order costs a unit of the HDA's own quota and its download lives for a while only; so nothing is ordered for jobs
that are not to be launched soon, and no launch uses an order that is older than six hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.order_book import OrderBook, Standing
from eocanvas_apply.planning.tasks import LaunchJob, OrderProducts

AHEAD = timedelta(minutes=30)
_TO_ORDER = frozenset({Standing.MISSING, Standing.FAILED})


class Ordering(Struct, frozen=True):
    """What may be ordered now: the orders that there are, and until when the HDA takes no more."""

    book: OrderBook
    closed_until: datetime | None
    now: datetime

    def with_orders(self, actions: Iterable[PlannedAction], jobs: Mapping[str, DesiredJob]) -> list[PlannedAction]:
        """Return the actions, each launch with the downloads of its products, or with what has to come before it.

        A launch that is not due within half an hour is left alone: its products are ordered then. For one that is held
        back until others have ended they are ordered meanwhile.
        """
        return [self._one(action, jobs) for action in actions]

    def _one(self, action: PlannedAction, jobs: Mapping[str, DesiredJob]) -> PlannedAction:
        due = action.not_before or self.now
        if due > self.now + AHEAD:
            return action
        if isinstance(action.task, LaunchJob) and action.task.job.products:
            return self._launch(action, action.task, due)
        closed = self.closed_until is not None and self.closed_until > self.now
        if action.reason is not Reason.HELD_BUDGET or not action.lies_ahead or closed:
            return action
        job = jobs[action.address]
        missing = tuple(product for product in job.products if self.book.standing(product, due) in _TO_ORDER)
        return replace(action, task=OrderProducts(job, missing)) if missing else action

    def _launch(self, action: PlannedAction, task: LaunchJob, due: datetime) -> PlannedAction:
        standings = {product: self.book.standing(product, due) for product in task.job.products}
        lacking = tuple(product for product, standing in standings.items() if standing is not Standing.READY)
        if not lacking:
            return replace(action, task=self._filled(task, due))
        awaits = tuple(product.id for product in lacking)
        waiting = replace(action, task=task if due > self.now else None, awaits=awaits)
        missing = tuple(product for product in lacking if standings[product] in _TO_ORDER)
        if not missing:
            return waiting
        if self.closed_until and self.closed_until > self.now:
            return replace(waiting, task=task, not_before=max(due, self.closed_until))
        return replace(waiting, task=OrderProducts(task.job, missing))

    def _filled(self, task: LaunchJob, due: datetime) -> LaunchJob:
        """Return the launch with the addresses of its downloads, all of which are ready."""
        orders = {p.identity: order for p in task.job.products if (order := self.book.ready(p, due))}
        inputs = tuple(
            replace(given, location=self.book.url(orders[given.product.identity])) if given.product else given
            for given in task.job.inputs
        )
        return replace(task, job=task.job.with_inputs(inputs), orders=tuple(order.id for order in orders.values()))


def ordered_from(action: PlannedAction) -> datetime | None:
    """Return from when on the products of a launch that waits for its turn are ordered; None for any other."""
    task, due = action.task, action.not_before
    return due - AHEAD if due and isinstance(task, LaunchJob) and task.job.traits.products else None
