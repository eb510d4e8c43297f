"""Orders of products: the claim first, then the request once, then what the HDA said; a lost answer stays open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

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


@dataclass(slots=True)
class _Want:
    """One product, the jobs that are about to be launched with it, and the licences that they name."""

    product: Product
    addresses: list[str] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)

    @property
    def kind(self) -> tuple[str, frozenset[str]]:
        """What it shares with others that would be refused like it."""
        return self.product.dataset_id, frozenset(self.terms)


@dataclass(frozen=True, slots=True)
class _Hindrance:
    """Why one order failed and others need not be tried now; `again` says that a later try may succeed."""

    found: Diagnostic
    again: bool
    wait: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order(Request[e.OrderIntended, str]):
    want: _Want


class OrderKeeper(OnceSender[_Order, str]):
    """Orders the products of launches that are about to come, each product once for all of them."""

    sending = Happening.ORDERING

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._licences = Licences(session)
        self._closed = False
        self._hindrances: dict[tuple[str, frozenset[str]], _Hindrance] = {}

    async def order(self, decided_on: int, actions: Sequence[PlannedAction]) -> None:
        """Order what these actions lack; what fails is a failure of every job that wants it."""
        wants = self._wants(actions)
        for start in range(0, len(wants), _BATCH):
            if self._closed or self._session.stopping.is_set():
                return
            await self._batch(decided_on, wants[start : start + _BATCH])

    def _wants(self, actions: Sequence[PlannedAction]) -> list[_Want]:
        wants: dict[tuple[str, str], _Want] = {}
        tasks = [(action.address, action.task) for action in actions if isinstance(action.task, OrderProducts)]
        for address, task in tasks:
            for product in task.products:
                want = wants.setdefault(product.identity, _Want(product))
                want.addresses.append(address)
                want.terms.update(task.job.accept_terms)
        return [want for want in wants.values() if not self._given_up(want)]

    def _given_up(self, want: _Want) -> bool:
        session, recorded = self._session, self._session.journal.recorded
        orders = [o for o in recent_orders(recorded, session.now()) if o.identity == want.product.identity]
        failed = failures_in_a_row(orders, session.begun, session.now(), session.desired.timing)
        if failed >= MOST_FAILURES:
            self._fail(want, _came_to_nothing(want.product, failed, orders[-1].message))
        return failed >= MOST_FAILURES

    async def _batch(self, decided_on: int, wants: Sequence[_Want]) -> None:
        locations: dict[tuple[str, str], str] = {}
        await at_once([partial(self._locate, want, locations) for want in wants], _AT_ONCE)
        check = self._session.deadline()
        located = [want for want in wants if want.product.identity in locations]
        orders = [self._prepared(want, locations[want.product.identity]) for want in located]
        if orders:
            await self.send_once(decided_on, check, orders, _AT_ONCE)

    async def _locate(self, want: _Want, locations: dict[tuple[str, str], str]) -> None:
        """Find out what the order has to repeat, its licences accepted."""
        if self._hindered(want):
            return
        try:
            await self._licences.accept(want.product.dataset_id, want.terms, want.addresses[0])
            location = want.product.location or await self._found(want.product)
        except ServiceError as fault:
            hindrance = _Hindrance(fault.diagnostics[0], fault.may_pass, fault.retry_after)
            self._hinder(want, hindrance, everybody=fault.may_pass)
            return
        if location:
            locations[want.product.identity] = location
        else:
            self._fail(want, _not_found(want.product))

    async def _found(self, product: Product) -> str | None:
        found = await self._session.service.hda.find(product.dataset_id, product.id)
        return found.location if found else None

    def _hinder(self, want: _Want, hindrance: _Hindrance, *, everybody: bool) -> None:
        """Fail, and let those fail too that would meet the same: who does not answer is not asked hundreds of times."""
        self._hindrances[_EVERYBODY if everybody else want.kind] = hindrance
        self._hindered(want)

    def _hindered(self, want: _Want) -> bool:
        hindrance = self._hindrances.get(_EVERYBODY) or self._hindrances.get(want.kind)
        if hindrance:
            self._fail(want, hindrance.found, again=hindrance.again, wait=hindrance.wait)
        return hindrance is not None

    def _prepared(self, want: _Want, location: str) -> _Order:
        session, product, decided = self._session, want.product, self._session.now()
        intended = e.OrderIntended(
            address=want.addresses[0],
            order=session.token(),
            dataset_id=product.dataset_id,
            product_id=product.id,
            decided=decided,
            send_before=decided + session.desired.timing.send_within,
        )
        order = partial(session.service.hda.order, product.dataset_id, product.id, location)
        return _Order(
            want=want,
            intended=intended,
            send=lambda check: order(check=check),
            addresses=want.addresses,
            subject=product.id,
        )

    def _held_back(self, order: _Order) -> bool:
        return self._closed or self._hindered(order.want)

    async def _unsent(self, order: _Order, reason: Unsent) -> None:  # noqa: ARG002  # one word for all of them
        await self._record(order, "not-sent")

    def _fail_unsent(self, order: _Order, found: Diagnostic) -> None:
        self._hinder(order.want, _Hindrance(found, again=True), everybody=True)

    async def _answered(self, order: _Order, answer: str) -> None:
        await self._record(order, "ordered", download_id=answer)
        self._session.order_refusals = 0
        for address in order.want.addresses:
            self._session.succeeded(address)
        self._report(order, Happening.ORDERED)

    async def _refused(self, order: _Order, fault: Refused) -> None:
        words = fault.diagnostics[0].message
        await self._record(order, "refused", status=fault.status, message=words)
        if fault.status == 429:
            await self._session.journal.record(e.QuotaClosed(until=self._opens(fault), quota="orders"))
            # Waiting is no error.
            self._session.report_event(order.want.addresses[0], Happening.REFUSED, words)
        elif fault.status == 403:
            await self._forbidden(order.want, fault)
        else:
            self._fail(order.want, fault.diagnostics[0])

    def _opens(self, fault: Refused) -> datetime:
        session = self._session
        if not self._closed:
            # Those that were under way together are one refusal, not a row of them.
            session.order_refusals += 1
            self._closed = True
        return closed_until(session.now(), Windows(), fault.retry_after, session.order_refusals)

    async def _forbidden(self, want: _Want, fault: Refused) -> None:
        """A licence may be missing: accept a named one that is not in force after all, or name the others."""
        dataset_id, found = want.product.dataset_id, fault.diagnostics[0]
        try:
            if await self._licences.accept_again(dataset_id, want.terms, want.addresses[0]):
                self._fail(want, found, again=True)
                return
            unnamed = [term for term in await self._licences.of(dataset_id) if term not in want.terms]
        except ServiceError as silent:
            self._fail(want, silent.diagnostics[0], again=silent.may_pass)
            return
        why = _not_accepted(want.product, unnamed, sorted(want.terms)) if unnamed else found
        self._hinder(want, _Hindrance(why, again=False), everybody=False)

    async def _record(self, order: _Order, state: e.OrderState, **details: Any) -> None:
        own = {name: getattr(order.intended, name) for name in ("address", "order", "dataset_id", "product_id")}
        fact = e.ProductOrdered(**own, state=state, ordered=self._session.now(), **details)
        await self._session.journal.record(fact)

    def _fail(self, want: _Want, found: Diagnostic, *, again: bool = False, wait: float | None = None) -> None:
        for address in want.addresses:
            self._session.fail(address, replace(found, address=address), again=again, wait=wait)


def _came_to_nothing(product: Product, times: int, words: str) -> Diagnostic:
    message = f"{times} orders of {product.id} failed in a row" + (f": {words}" if words else "")
    return error("order-failed", message, "the next apply orders it again; check on WEkEO whether it can be downloaded")


def _not_found(product: Product) -> Diagnostic:
    message = f"{product.dataset_id} shows no product {product.id}, so it cannot be ordered"
    hint = "take it from a search (for_each: hda), whose rows know its location, or give the row a field location"
    return error("product-not-found", message, hint)


def _not_accepted(product: Product, unnamed: Sequence[str], named: Sequence[str]) -> Diagnostic:
    what = "the licence" if len(unnamed) == 1 else "the licences"
    message = f"{product.dataset_id} wants {what} {', '.join(unnamed)} accepted, and refused the order for now"
    hint = f"read it, then accept it in the job: `accept_terms: [{', '.join([*named, *unnamed])}]`"
    return error("terms-not-accepted", message, hint)
