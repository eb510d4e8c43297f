"""Orders of products as they are recorded: what was asked for, and what is known of each download."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from eocanvas_apply.ledger.order_events import OrderEvent, OrderIntended, OrderState, ProductOrdered

_ORDER_RANK = {state: rank for rank, state in enumerate(get_args(OrderState))}


@dataclass(slots=True)
class Order:
    """One order of a product; `state` None: the answer is on its way or lost."""

    id: str
    address: str
    dataset_id: str
    product_id: str
    intended: OrderIntended | None = None
    state: OrderState | None = None
    was_ready: bool = False
    download_id: str | None = None
    ordered: datetime | None = None
    message: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """Which product it is of."""
        return self.dataset_id, self.product_id

    @property
    def begun(self) -> datetime | None:
        """When it was decided on, or answered: the earlier one that is known."""
        return self.intended.decided if self.intended else self.ordered

    def learn(self, event: ProductOrdered) -> None:
        """Take a fact; a later state is not taken back."""
        if self.state is None or _ORDER_RANK[event.state] > _ORDER_RANK[self.state]:
            self.state, self.message = event.state, event.message
        self.was_ready = self.was_ready or event.state == "ready"
        self.download_id = self.download_id or event.download_id
        known = [moment for moment in (self.ordered, event.ordered) if moment]
        self.ordered = min(known, default=None)


def fold_order(orders: dict[str, Order], event: OrderEvent) -> None:
    """Take an event into the orders, which are kept by their own ids."""
    fresh = Order(event.order, event.address, event.dataset_id, event.product_id)
    order = orders.setdefault(event.order, fresh)
    if isinstance(event, OrderIntended):
        order.intended = event
    elif isinstance(event, ProductOrdered):
        order.learn(event)
