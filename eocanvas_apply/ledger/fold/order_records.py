"""Orders of products as they are recorded: what was asked for, and what is known of each download."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import get_args

from msgspec import Struct, field

from eocanvas_apply.ledger.events import OrderEvent, OrderIntended, OrderState, ProductOrdered

_QUOTA = 429
# A download is used for hours; older ones are not requested.
_KEPT = timedelta(days=2)
_ORDER_RANK = {state: rank for rank, state in enumerate(get_args(OrderState))}


class Order(Struct, omit_defaults=True):
    """One order of a product; `state` None: the answer is on its way or lost.

    `used_by` are the launches that name its download, each by its address and intent.
    """

    id: str
    address: str
    dataset_id: str
    product_id: str
    intended: OrderIntended | None = None
    state: OrderState | None = None
    was_ready: bool = False
    used_by: list[tuple[str, str]] = field(default_factory=list)
    download_id: str | None = None
    ordered: datetime | None = None
    status: int | None = None
    message: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """Which product it is of."""
        return self.dataset_id, self.product_id

    @property
    def held_back(self) -> bool:
        """Whether it was never made, for no fault of the product: not sent, or refused for the quota."""
        return self.state == "not-sent" or (self.state == "refused" and self.status == _QUOTA)

    @property
    def begun(self) -> datetime | None:
        """When it was decided on, or answered: the earlier one that is known."""
        return self.intended.decided if self.intended else self.ordered

    def learn(self, event: ProductOrdered) -> None:
        """Take a fact; a later state is not taken back."""
        if self.state is None or _ORDER_RANK[event.state] > _ORDER_RANK[self.state]:
            self.state, self.status, self.message = event.state, event.status, event.message
        self.was_ready = self.was_ready or event.state == "ready"
        self.download_id = self.download_id or event.download_id
        known = [moment for moment in (self.ordered, event.ordered) if moment]
        self.ordered = min(known, default=None)


def mark_used(orders: dict[str, Order], ids: Iterable[str], launch: tuple[str, str]) -> None:
    """Note that a launch (address and intent) names the downloads of these orders."""
    for order in ids:
        if order in orders and launch not in orders[order].used_by:
            orders[order].used_by.append(launch)


def fold_order(orders: dict[str, Order], event: OrderEvent) -> None:
    """Take an event into the orders, which are kept by their own ids, oldest first, until they can matter no more."""
    fresh = Order(event.order, event.address, event.dataset_id, event.product_id)
    order = orders.setdefault(event.order, fresh)
    if isinstance(event, OrderIntended):
        order.intended = event
        _drop_old(orders, event)
    elif isinstance(event, ProductOrdered):
        order.learn(event)


def _drop_old(orders: dict[str, Order], latest: OrderIntended) -> None:
    # The latest one itself is never that old, so that there is always one to end with.
    while (first := next(iter(orders.values()))).begun is None or first.begun < latest.decided - _KEPT:
        del orders[first.id]
