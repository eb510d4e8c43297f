"""The events of orders: products that the catalogue of WEkEO makes ready for a job, and the licences they need."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from eocanvas_apply.ledger.event import AddressEvent, Event, Time


class OrderEvent(AddressEvent):
    """An event about one order of a product, made for a job (or for several, of which this is one)."""

    order: str = Field(description="128 random bits in hex.")
    dataset_id: str
    product_id: str


class OrderIntended(OrderEvent):
    """Claim: this product is about to be ordered. Without an answer on record it may have cost a unit of quota."""

    type: Literal["order-intended"] = "order-intended"
    decided: Time
    send_before: Time


OrderState = Literal["not-sent", "refused", "ordered", "ready", "gone"]


class ProductOrdered(OrderEvent):
    """Fact: what became of an order, and later whether its download was ready or gone (404)."""

    type: Literal["product-ordered"] = "product-ordered"
    state: OrderState
    download_id: str | None = None
    ordered: Time | None = None
    status: int | None = None
    message: str = ""


class TermsAccepted(Event):
    """Fact: this licence, which the manifest names, was accepted for the account."""

    type: Literal["terms-accepted"] = "terms-accepted"
    term: str
    dataset_id: str
