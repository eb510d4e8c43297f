"""The orders of the last day, by product: which download is ready, which may come, which came to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from msgspec import Struct

from eocanvas_apply.ledger.events import ProductOrdered
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.manifest.products import Product
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.state.observed import DownloadState, Observed
from eocanvas_apply.vocabulary import OgcStatus

LIFE = timedelta(hours=6)
# So many orders of one product that came to nothing are enough for one run.
MOST_FAILURES = 3
# A launch whose order takes longer lets others go first.
_PATIENCE = timedelta(minutes=15)
# The HDA may not know a download yet that it has just promised.
_SHOWN_WITHIN = timedelta(minutes=2)
_LOOK_BACK = timedelta(hours=24)
_OVER = frozenset({"not-sent", "refused", "gone"})
Identity = tuple[str, str]


class Standing(IntEnum):
    """How far a product is from being there for a launch; a launch is as far as its worst product."""

    READY = 0
    ON_THE_WAY = 1
    MISSING = 2
    LATE = 3
    FAILED = 4


# Places in a quota go to launches that can use them soonest; what fails or takes long comes behind them.
_TURNS = {Standing.READY: 0, Standing.ON_THE_WAY: 1, Standing.MISSING: 2, Standing.LATE: 3, Standing.FAILED: 3}


def recent_orders(recorded: Recorded, at: datetime) -> list[Order]:
    """Return the orders of the last day, oldest first."""
    found: list[Order] = []
    for order in reversed(recorded.orders.values()):
        if order.begun and order.begun < at - _LOOK_BACK:
            break
        found.append(order)
    return found[::-1]


class OrderBook(Struct, frozen=True):
    """The orders of the last day by product, oldest first, and what is seen of their downloads.

    `spoilt` are those that a job could not read its input from.
    """

    by_product: Mapping[Identity, Sequence[Order]]
    observed: Observed
    timing: Timing
    spoilt: frozenset[str] = frozenset()

    @classmethod
    def of(cls, recorded: Recorded, observed: Observed, timing: Timing) -> OrderBook:
        """Return the orders that matter now."""
        by_product: dict[Identity, list[Order]] = {}
        recent = recent_orders(recorded, observed.at)
        for order in recent:
            by_product.setdefault(order.identity, []).append(order)
        return cls(by_product, observed, timing, frozenset(o.id for o in recent if _is_spoilt(o, recorded)))

    def ready(self, product: Product, due: datetime) -> Order | None:
        """Return the youngest order whose download can be used by a launch at `due`."""
        orders = self.by_product.get(product.identity, ())
        return next((order for order in reversed(orders) if self._is_ready(order, due)), None)

    def url(self, order: Order) -> str:
        """Return the address of a download that is ready."""
        return self.observed.downloads[order.download_id or ""].url

    def standing(self, product: Product, due: datetime) -> Standing:
        """Return how far a product is from being there for a launch at `due`."""
        orders = self.by_product.get(product.identity)
        if not orders:
            return Standing.MISSING
        if self.ready(product, due):
            return Standing.READY
        awaited = [order for order in orders if self._is_awaited(order, due)]
        if awaited:
            late = all(self._age(order, self.observed.at) > _PATIENCE for order in awaited)
            return Standing.LATE if late else Standing.ON_THE_WAY
        failed = _came_to_nothing(orders[-1], self.observed.at, self.timing)
        return Standing.FAILED if failed else Standing.MISSING

    def turn(self, job: DesiredJob) -> int:
        """Return in which turn places in the quota are given to a job: 0 first."""
        at, products = self.observed.at, job.traits.products
        return max(_TURNS[self.standing(product, at)] for product in products) if products else 0

    def _is_ready(self, order: Order, due: datetime) -> bool:
        download = self.observed.downloads.get(order.download_id or "")
        return download is not None and download.state is DownloadState.READY and self._lives(order, due)

    def _is_awaited(self, order: Order, due: datetime) -> bool:
        if order.state is None:
            return not _is_lost(order, self.observed.at, self.timing)
        download = self.observed.downloads.get(order.download_id or "")
        if download is None or not self._lives(order, due):
            return False
        return download.state is not DownloadState.READY and not _is_gone(order, download.state, self.observed.at)

    def _lives(self, order: Order, due: datetime) -> bool:
        usable = order.state not in _OVER and order.id not in self.spoilt
        return usable and self._age(order, due) + self.timing.send_within <= LIFE

    def _age(self, order: Order, at: datetime) -> timedelta:
        return at - order.begun if order.begun else LIFE


def _came_to_nothing(order: Order, at: datetime, timing: Timing) -> bool:
    """Tell whether an order was refused, lost, gone before it was used, or never became ready."""
    if order.used_by or order.held_back:
        return False
    if order.state is None:
        return _is_lost(order, at, timing)
    old = order.begun is None or at - order.begun > LIFE
    return order.state in ("refused", "gone") or (old and not order.was_ready)


def failures_in_a_row(orders: Iterable[Order], since: datetime, at: datetime, timing: Timing) -> int:
    """Return how many orders of one product, youngest last, came to nothing since then and since the last good one."""
    count = 0
    for order in reversed([order for order in orders if order.begun and order.begun >= since]):
        if _came_to_nothing(order, at, timing):
            count += 1
        elif not order.held_back:
            break
    return count


def awaited_orders(desired: Desired, recorded: Recorded, at: datetime) -> list[Order]:
    """Return the orders with a download that a job may still want, young enough to be used."""
    usable = (o for o in recent_orders(recorded, at) if o.download_id and o.state not in _OVER)
    young = [order for order in usable if order.begun and at - order.begun <= LIFE]
    ordered = {order.identity for order in young}
    jobs = desired.jobs.values() if ordered else ()
    named = ((job, i.product.identity) for job in jobs for i in job.inputs if i.product)
    wanted = {each for job, each in named if each in ordered and _may_run(recorded.jobs.get(job.address))}
    return [order for order in young if order.identity in wanted]


def _may_run(record: JobRecord | None) -> bool:
    last = record.last_intent if record else None
    run = record.run_of(last) if record and last else None
    return run is None or run.status in (OgcStatus.FAILED, OgcStatus.DISMISSED)


def order_notes(recorded: Recorded, observed: Observed) -> Iterator[ProductOrdered]:
    """Note which downloads are ready by now, and which are gone."""
    for order in recent_orders(recorded, observed.at) if observed.downloads else ():
        download = observed.downloads.get(order.download_id or "")
        if download is None:
            continue
        ready = download.state is DownloadState.READY and not order.was_ready
        if ready or (order.state != "gone" and _is_gone(order, download.state, observed.at)):
            yield ProductOrdered(
                address=order.address,
                order=order.id,
                dataset_id=order.dataset_id,
                product_id=order.product_id,
                state="ready" if ready else "gone",
                download_id=order.download_id,
            )


def _is_gone(order: Order, state: DownloadState, at: datetime) -> bool:
    young = order.begun is not None and at - order.begun < _SHOWN_WITHIN
    return state is DownloadState.GONE and (order.was_ready or not young)


def orders_of(job: DesiredJob, recorded: Recorded) -> list[Order]:
    """Return the orders of the last days of a job's products, oldest first."""
    wanted = {product.identity for product in job.products}
    return [order for order in recorded.orders.values() if order.identity in wanted]


def _is_spoilt(order: Order, recorded: Recorded) -> bool:
    for address, intent in order.used_by:
        record = recorded.jobs.get(address)
        launched = record.intents.get(intent) if record else None
        run = record.run_of(launched) if record and launched else None
        if run and run.failure == "staging-in":
            return True
    return False


def _is_lost(order: Order, at: datetime, timing: Timing) -> bool:
    """Tell whether an order without an answer can get none any more."""
    sent = order.intended.send_before if order.intended else None
    return sent is None or at > sent + timing.request_timeout
