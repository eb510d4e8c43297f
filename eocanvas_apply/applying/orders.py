"""Orders of products: claimed, sent once, and recorded with the answer; a lost answer stays open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.applying.licences import Licences
from eocanvas_apply.applying.sending import OnceSender, Request, Unsent
from eocanvas_apply.applying.session import Session, at_once
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Refused, ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.manifest.products import Product
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.schedule.windows import Windows, closed_until
from eocanvas_apply.planning.state.order_book import MOST_FAILURES, failures_in_a_row, recent_orders
from eocanvas_apply.planning.tasks import OrderProducts
from eocanvas_apply.report.progress import Happening

# An order makes the HDA fetch a file of a gigabyte: few at a time, and few claims that wait for their turn.
_AT_ONCE = 4
_BATCH = 20
_EVERYBODY = ("", frozenset[str]())


class _Need(Struct):
    """One product, the jobs that need it, and the licences that they name."""

    product: Product
    addresses: list[str] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)

    @property
    def kind(self) -> tuple[str, frozenset[str]]:
        """What others share with it that would be refused for the same reason."""
        return self.product.dataset_id, frozenset(self.terms)


class _Obstacle(Struct, frozen=True):
    """Why one order failed, and others would too; `again`: a later try may succeed, after `wait` seconds."""

    found: Diagnostic
    again: bool
    wait: float | None = None


class _Order(Request[e.OrderIntended, str], frozen=True, kw_only=True):
    need: _Need


class OrderKeeper(OnceSender[_Order, str]):
    """Orders the products of planned launches, each product once for all of them."""

    sending = Happening.ORDERING

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._licences = Licences(session)
        self._closed = False
        self._obstacles: dict[tuple[str, frozenset[str]], _Obstacle] = {}

    async def order(self, decided_on: int, actions: Sequence[PlannedAction]) -> None:
        """Order what these actions lack; a failed order is a failure of every job that needs the product."""
        needs = self._needs(actions)
        for start in range(0, len(needs), _BATCH):
            if self._closed or self._session.stopping.is_set():
                return
            await self._batch(decided_on, needs[start : start + _BATCH])

    def _needs(self, actions: Sequence[PlannedAction]) -> list[_Need]:
        needs: dict[tuple[str, str], _Need] = {}
        tasks = [(action.address, action.task) for action in actions if isinstance(action.task, OrderProducts)]
        for address, task in tasks:
            for product in task.products:
                need = needs.setdefault(product.identity, _Need(product))
                need.addresses.append(address)
                need.terms.update(task.job.accept_terms)
        return [need for need in needs.values() if not self._given_up(need)]

    def _given_up(self, need: _Need) -> bool:
        session, recorded = self._session, self._session.journal.recorded
        orders = [o for o in recent_orders(recorded, session.now()) if o.identity == need.product.identity]
        failed = failures_in_a_row(orders, session.begun, session.now(), session.desired.timing)
        if failed >= MOST_FAILURES:
            self._fail(need, _failed_in_a_row(need.product, failed, orders[-1].message))
        return failed >= MOST_FAILURES

    async def _batch(self, decided_on: int, needs: Sequence[_Need]) -> None:
        locations: dict[tuple[str, str], str] = {}
        await at_once([partial(self._locate, need, locations) for need in needs], _AT_ONCE)
        check = self._session.deadline()
        located = [need for need in needs if need.product.identity in locations]
        orders = [self._prepared(need, locations[need.product.identity]) for need in located]
        if orders:
            await self.send_once(decided_on, check, orders, _AT_ONCE)

    async def _locate(self, need: _Need, locations: dict[tuple[str, str], str]) -> None:
        """Accept the licences of a product, and find its location, which the order has to name."""
        if self._blocked(need):
            return
        try:
            await self._licences.accept(need.product.dataset_id, need.terms, need.addresses[0])
            location = need.product.location or await self._found(need.product)
        except ServiceError as fault:
            obstacle = _Obstacle(fault.diagnostics[0], fault.may_pass, fault.retry_after)
            self._block(need, obstacle, everybody=fault.may_pass)
            return
        if location:
            locations[need.product.identity] = location
        else:
            self._fail(need, _not_found(need.product))

    async def _found(self, product: Product) -> str | None:
        found = await self._session.service.hda.find(product.dataset_id, product.id)
        return found.location if found else None

    def _block(self, need: _Need, obstacle: _Obstacle, *, everybody: bool) -> None:
        """Fail this order and those like it: a service that does not answer is not asked hundreds of times."""
        self._obstacles[_EVERYBODY if everybody else need.kind] = obstacle
        self._blocked(need)

    def _blocked(self, need: _Need) -> bool:
        obstacle = self._obstacles.get(_EVERYBODY) or self._obstacles.get(need.kind)
        if obstacle:
            self._fail(need, obstacle.found, again=obstacle.again, wait=obstacle.wait)
        return obstacle is not None

    def _prepared(self, need: _Need, location: str) -> _Order:
        session, product, decided = self._session, need.product, self._session.now()
        intended = e.OrderIntended(
            address=need.addresses[0],
            order=session.token(),
            dataset_id=product.dataset_id,
            product_id=product.id,
            decided=decided,
            send_before=decided + session.desired.timing.send_within,
        )
        order = partial(session.service.hda.order, product.dataset_id, product.id, location)
        return _Order(
            need=need,
            intended=intended,
            send=lambda check: order(check=check),
            addresses=need.addresses,
            subject=product.id,
        )

    def _held_back(self, order: _Order) -> bool:
        return self._closed or self._blocked(order.need)

    async def _unsent(self, order: _Order, reason: Unsent) -> None:  # noqa: ARG002  # one word for all of them
        await self._record(order, "not-sent")

    def _fail_unsent(self, order: _Order, found: Diagnostic) -> None:
        self._block(order.need, _Obstacle(found, again=True), everybody=True)

    async def _answered(self, order: _Order, answer: str) -> None:
        await self._record(order, "ordered", download_id=answer)
        self._session.order_refusals = 0
        for address in order.need.addresses:
            self._session.succeeded(address)
        self._report(order, Happening.ORDERED)

    async def _refused(self, order: _Order, fault: Refused) -> None:
        words = fault.diagnostics[0].message
        await self._record(order, "refused", status=fault.status, message=words)
        if fault.status == 429:
            await self._session.journal.record(e.QuotaClosed(until=self._opens(fault), quota="orders"))
            # Waiting is not an error.
            self._session.report_event(order.need.addresses[0], Happening.REFUSED, words)
        elif fault.status == 403:
            await self._forbidden(order.need, fault)
        else:
            self._fail(order.need, fault.diagnostics[0])

    def _opens(self, fault: Refused) -> datetime:
        session = self._session
        if not self._closed:
            # Refusals of requests sent together count once.
            session.order_refusals += 1
            self._closed = True
        return closed_until(session.now(), Windows(), fault.retry_after, session.order_refusals)

    async def _forbidden(self, need: _Need, fault: Refused) -> None:
        """A licence may be missing: accept a named one that is not in force after all, or name the others."""
        dataset_id, found = need.product.dataset_id, fault.diagnostics[0]
        try:
            if await self._licences.accept_again(dataset_id, need.terms, need.addresses[0]):
                self._fail(need, found, again=True)
                return
            unnamed = [term for term in await self._licences.of(dataset_id) if term not in need.terms]
        except ServiceError as other:
            self._fail(need, other.diagnostics[0], again=other.may_pass)
            return
        why = _not_accepted(need.product, unnamed, sorted(need.terms)) if unnamed else found
        self._block(need, _Obstacle(why, again=False), everybody=False)

    async def _record(self, order: _Order, state: e.OrderState, **details: Any) -> None:
        own = {name: getattr(order.intended, name) for name in ("address", "order", "dataset_id", "product_id")}
        fact = e.ProductOrdered(**own, state=state, ordered=self._session.now(), **details)
        await self._session.journal.record(fact)

    def _fail(self, need: _Need, found: Diagnostic, *, again: bool = False, wait: float | None = None) -> None:
        for address in need.addresses:
            self._session.fail(address, replace(found, address=address), again=again, wait=wait)


def _failed_in_a_row(product: Product, times: int, words: str) -> Diagnostic:
    message = f"{times} orders of {product.id} failed in a row" + (f": {words}" if words else "")
    return error("order-failed", message, "the next apply orders it again; check on WEkEO whether it can be downloaded")


def _not_found(product: Product) -> Diagnostic:
    message = f"{product.dataset_id} shows no product {product.id}, so it cannot be ordered"
    hint = "take it from a search (for_each: hda), whose rows know its location, or give the row a field location"
    return error("product-not-found", message, hint)


def _not_accepted(product: Product, unnamed: Sequence[str], named: Sequence[str]) -> Diagnostic:
    what = "the licence" if len(unnamed) == 1 else "the licences"
    message = f"{product.dataset_id} requires {what} {', '.join(unnamed)} to be accepted; the order was refused"
    hint = f"read it, then accept it in the job: `accept_terms: [{', '.join([*named, *unnamed])}]`"
    return error("terms-not-accepted", message, hint)
