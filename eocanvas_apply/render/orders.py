"""What a launch waits for at the HDA: products that are ordered first, and orders on their way."""

from __future__ import annotations

from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import OrderProducts


def lines(action: PlannedAction, indent: str) -> list[str]:
    """Return a line a product, such as `orders S3A_OL_2_WFR... first`."""
    first = {product.id for product in action.task.products} if isinstance(action.task, OrderProducts) else set()
    return [
        f"{indent}orders {product} first" if product in first else f"{indent}waits for the order of {product}"
        for product in action.awaits
    ]
