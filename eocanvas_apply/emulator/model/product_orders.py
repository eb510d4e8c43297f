"""Licences that people accept, and their orders of products: made ready in a while, and too old some time later."""

from __future__ import annotations

import heapq
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from eocanvas_apply.emulator.model import quotas
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Settings
from eocanvas_apply.emulator.model.catalogue import ArchivedProduct, Dataset
from eocanvas_apply.emulator.model.job_failures import Failure, not_fetched
from eocanvas_apply.emulator.model.messages import coded

HDA = "/hda-broker/api/v1"
_ORDER_URL = re.compile(rf"https?://[^/]+{HDA}/dataaccess/download/([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a product; ordering the same again makes another. It can be downloaded between two moments."""

    id: str
    owner: str
    product: ArchivedProduct
    created: datetime
    ready: datetime
    ends: datetime

    @property
    def file(self) -> str:
        """The name of its file; one product has been seen under two names."""
        suffix = ".zip" if self.created.isocalendar().week % 2 else ".SEN3.zip"
        return self.product.id.removesuffix(".SEN3") + suffix

    def content(self) -> bytes:
        """Return a small archive in place of the product, the same whenever it is ordered."""
        folder = self.product.id if self.product.id.endswith(".SEN3") else f"{self.product.id}.SAFE"
        made_up = Random(self.product.id).randbytes(2048)  # noqa: S311 - made-up data, nothing to guard
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            manifest = f"<product>{self.product.id}</product>".encode()
            for name, content in (("xfdumanifest.xml", manifest), ("data.nc", made_up)):
                archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), content)
        return packed.getvalue()


class ProductOrders:
    """The orders of all users, and the licences that they have accepted."""

    def __init__(self, settings: Settings, random: Random) -> None:
        self.behaviour = settings.behaviour
        self._quotas = settings.hda_quotas
        self._random = random
        self._accepted: dict[str, set[str]] = {}
        self._orders: dict[str, Order] = {}
        self._waiting: list[datetime] = []

    def accept(self, user: User, term: str) -> None:
        """Take a licence as accepted."""
        self._accepted.setdefault(user.name, set()).add(term)

    def has_accepted(self, user: User, term: str) -> bool:
        """Tell whether the user has accepted a licence."""
        return term in self._accepted.get(user.name, ())

    def check_terms(self, user: User, dataset: Dataset) -> None:
        """Raise Refusal (403) for a licence of the dataset that the user has not accepted."""
        for term in dataset.terms:
            if not self.has_accepted(user, term):
                raise coded(403, "Forbidden", f"The terms {term} are not accepted")

    def place(self, user: User, product: ArchivedProduct, at: datetime) -> Order:
        """Make an order. Raises Refusal (429)."""
        words = "Download quota exceeded, try again later"
        quotas.check(self._quotas, self._moments(user), at, self.behaviour.quota_answer, words)
        # The real ids are those of a document database: 24 hexadecimal digits.
        order_id = f"{self._random.getrandbits(96):024x}"
        ready = at + timedelta(seconds=self.behaviour.order_time)
        ends = at + timedelta(seconds=self.behaviour.order_life)
        order = self._orders[order_id] = Order(order_id, user.name, product, at, ready, ends)
        heapq.heappush(self._waiting, ready)
        return order

    def quota_headers(self, user: User, at: datetime) -> dict[str, str]:
        """Return the headers with the rest of the user's quota."""
        return quotas.headers(self._quotas, self._moments(user), at)

    def find(self, user: User, order_id: str, at: datetime) -> Order:
        """Return an order of the user that is not too old. Raises Refusal (404)."""
        order = self._orders.get(order_id)
        if order is None or order.owner != user.name or order.ends <= at:
            raise coded(404, "NotFound", f"There is no download {order_id}")
        return order

    def behind(self, location: str) -> Order | None:
        """Return the order that an input's URL names, None for one that was not ordered here."""
        match = _ORDER_URL.fullmatch(location)
        return self._orders.get(match[1]) if match else None

    def failure_of(self, owner: str, location: str, at: datetime) -> Failure | None:
        """Return how a job fails that stages this input at a moment, None when nothing speaks against it."""
        order = self.behind(location)
        if order is None or (order.owner == owner and order.ready <= at < order.ends):
            return None
        status = "202 Accepted" if order.owner == owner and at < order.ready else "404 Not Found"
        return not_fetched(f"{location}: {status}")

    def every(self) -> tuple[Order, ...]:
        """Return all orders of all users in the order in which they were made."""
        return tuple(self._orders.values())

    def next_change(self, at: datetime) -> datetime | None:
        """Return when the next order gets ready after a moment, None when none waits."""
        while self._waiting and self._waiting[0] <= at:
            heapq.heappop(self._waiting)
        return self._waiting[0] if self._waiting else None

    def _moments(self, user: User) -> list[datetime]:
        if not self._quotas:
            return []
        return [order.created for order in self._orders.values() if order.owner == user.name]
