"""Lists that come in pages, followed page by page to their end, which is sure to come: jobs, and results of a job."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from msgspec import Struct

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.service.bodies import MOST_MEMORY, BodyLimit, memory_of
from eocanvas_apply.service.clock import ServiceClock
from eocanvas_apply.service.entries import MOST_ENTRIES, ListKind, Unreadable
from eocanvas_apply.service.gateway import Gateway
from eocanvas_apply.service.outcome import Answer
from eocanvas_apply.service.wire import (
    JobInfo,
    ProcessInfo,
    ResultInfo,
    next_link,
    read_job_page,
    read_process_page,
    read_results,
)

T = TypeVar("T")
_LIMIT = 100
MOST_PAGES = 2000
# The service has three processes.
MOST_PAGES_OF_PROCESSES = 20
LONGEST_S = 900.0
# After so many pages in a row with nothing new, the list repeats itself.
_STALE_PAGES = 2


class Page(Struct, Generic[T], frozen=True):
    """One page: its entries, where the next one begins (None after the last), and about what it takes, in bytes."""

    items: Sequence[T]
    following: object
    memory: int = 0


class Walk(Struct, Generic[T]):
    """Asks for page after page, and yields the entries of each that earlier pages did not hold.

    `ask` gets where a page begins, and how many entries the pages before it held. While new entries arrive, older
    ones move to later pages and come twice; `key` recognises them. `empty_pages` in a row are the end of a list, even
    where it names a next page. After the end `led_back` is true where a page named one before it as the next, and
    `endless` where the pages led back, brought nothing new, or were too many, too large together or too slow.
    """

    ask: Callable[[object, int], Awaitable[Page[T]]]
    key: Callable[[T], object]
    gateway: Gateway
    # What the list is asked for with, in messages.
    request: str
    empty_pages: int = 1
    most_pages: int = MOST_PAGES
    count: int = 0
    memory: int = 0
    endless: bool = False
    led_back: bool = False

    async def pages(self, first: object) -> AsyncIterator[list[T]]:
        """Yield page after page."""
        begun, cursor = self.gateway.clock.monotonic(), first
        asked: set[str] = set()
        known: set[object] = set()
        stale = empty = 0
        while cursor is not None:
            too_much = len(asked) == self.most_pages or self.count > MOST_ENTRIES or self.memory > MOST_MEMORY
            self.led_back = repr(cursor) in asked
            if too_much or self.led_back or stale == _STALE_PAGES or self._late(begun):
                self.endless = True
                return
            asked.add(repr(cursor))
            page = await self.ask(cursor, self.count)
            self.count += len(page.items)
            self.memory += page.memory
            fresh = {key: item for item in reversed(page.items) if (key := self.key(item)) not in known}
            # The same unreadable entry on every page does not keep a list from ending.
            filled = fresh or any(not isinstance(item, Unreadable) for item in page.items)
            empty = 0 if filled else empty + 1
            if empty == self.empty_pages:
                return
            self._report(begun, len(asked))
            yield list(reversed(fresh.values()))
            stale = stale + 1 if filled and not fresh else 0
            known |= fresh.keys()
            cursor = page.following

    def _late(self, begun: float) -> bool:
        return self.gateway.clock.monotonic() - begun > LONGEST_S

    def _report(self, begun: float, pages: int) -> None:
        took = timedelta(seconds=self.gateway.clock.monotonic() - begun)
        self.gateway.outages.reads_on(self.request, pages, self.count, took)


class JobList(Struct, frozen=True):
    """One pass of the list of jobs.

    `begun` is when the pass began, in the service's time. `complete` means that every page was read, or, where
    the order was newest first throughout, every page back to the time asked for. `unreadable` are the entries that
    show no job, each with the time before which its job was created, None where that is unknown.
    """

    jobs: tuple[JobInfo, ...]
    begun: datetime
    complete: bool
    unreadable: tuple[Unreadable, ...] = ()


class _Linked(Struct, Generic[T]):
    """A list whose pages are linked. A link that leads anywhere else is never followed: the list is asked for itself.

    `split` returns the entries of a page, and the link to the next one.
    """

    gateway: Gateway
    path: str
    split: Callable[[object], tuple[Sequence[T], str | None]]
    paging: str = f"limit={_LIMIT}&"

    async def ask(self, link: object, before: int) -> Page[T]:
        """Return the page behind a link; `before` is the number of entries on the pages before it."""
        (items, following), memory = await self._read(str(link), before)
        return Page(items, self._own(following, before + len(items)) if following else None, memory)

    async def _read(self, link: str, before: int) -> tuple[tuple[Sequence[T], str | None], int]:
        try:
            return await self.gateway.read_raw(link, self._weighed, BodyLimit.LIST)
        except Refused as refused:
            if refused.status != 400 or before or "?" not in link:
                raise
        self.paging = ""  # perhaps this page size is not allowed
        return await self.gateway.read_raw(self.path, self._weighed, BodyLimit.LIST)

    def _weighed(self, answer: Answer) -> tuple[tuple[Sequence[T], str | None], int]:
        return answer.parsed(self.split), memory_of(answer.content)

    def _own(self, link: str, before: int) -> str:
        return self.gateway.same_path(link, self.path) or f"{self.path}?{self.paging}offset={before}"


async def read_job_list(gateway: Gateway, time: ServiceClock, back_to: datetime | None) -> JobList:
    """Read the list of jobs; with `back_to` (service time) no further back than that, if the order allows it."""
    path, request, started = "/jobs", "GET /jobs", time.clock.monotonic()
    linked: _Linked[JobInfo | Unreadable] = _Linked(
        gateway, path, lambda document: (read_job_page(document), next_link(document))
    )
    walk = Walk(linked.ask, lambda job: job.digest if isinstance(job, Unreadable) else job.job_id, gateway, request)
    found: list[JobInfo | Unreadable] = []
    order = _Order()
    async for page in walk.pages(f"{path}?{linked.paging}offset=0"):
        found.extend(order.placed(job) for job in page)
        if order.reached(back_to):
            break
    jobs = gateway.irregularities.kept(ListKind.JOBS, request, found)
    if walk.endless:
        gateway.irregularities.endless(ListKind.JOBS, request, len(found))
    now = time.now()
    # The service's time is known since the first answer; the beginning is computed back from there.
    return JobList(
        tuple(job.believed(now) for job in jobs),
        time.at(started),
        complete=not walk.endless,
        unreadable=tuple(each for each in found if isinstance(each, Unreadable)),
    )


class _Order(Struct):
    """Whether jobs came newest first so far, and the last one that shows when it was created."""

    newest_first: bool = True
    _last: JobInfo | None = None

    def placed(self, job: JobInfo | Unreadable) -> JobInfo | Unreadable:
        """Take the next job; one that cannot be read is no younger than the one before it."""
        if isinstance(job, Unreadable):
            before = self._last.created if self.newest_first and self._last else None
            return job if job.created else Unreadable(job.why, job.digest, before)
        self.newest_first = self.newest_first and (self._last is None or _not_after(job, self._last))
        self._last = job
        return job

    def reached(self, back_to: datetime | None) -> bool:
        """Return whether all further jobs are older than this."""
        oldest = self._last.created if self._last else None
        return self.newest_first and bool(back_to and oldest and oldest < back_to)


async def read_process_list(gateway: Gateway) -> Mapping[str, str] | None:
    """Return the versions of all processes by id, None where the list has no end or entries that cannot be read."""
    path, request = "/processes", "GET /processes"
    linked: _Linked[ProcessInfo | Unreadable] = _Linked(
        gateway, path, lambda document: (read_process_page(document), next_link(document))
    )
    walk = Walk(
        linked.ask,
        lambda each: each.digest if isinstance(each, Unreadable) else each,
        gateway,
        request,
        most_pages=MOST_PAGES_OF_PROCESSES,
    )
    found = [each async for page in walk.pages(f"{path}?{linked.paging}offset=0") for each in page]
    readable = gateway.irregularities.kept(ListKind.PROCESSES, request, found)
    if walk.endless:
        gateway.irregularities.endless(ListKind.PROCESSES, request, len(found))
    complete = not walk.endless and len(readable) == len(found)
    return _versions(readable) if complete else None


def _versions(processes: Sequence[ProcessInfo]) -> Mapping[str, str]:
    """Return the version of each process; where a list shows several of one, all of them, in whatever order it does."""
    found: dict[str, set[str]] = {}
    for each in processes:
        found.setdefault(each.id, set()).update({each.version} - {""})
    return {process: " and ".join(sorted(versions)) for process, versions in found.items()}


async def read_result_list(gateway: Gateway, path: str) -> tuple[ResultInfo, ...]:
    """Read all results of a job; raise Doubt when their pages have no end.

    Pages that lead back have all been read: their results count, with a warning.
    """
    linked, request = _Linked(gateway, path, _result_page), f"GET {path}"
    walk = Walk(linked.ask, _identity, gateway, request)
    found = [result async for page in walk.pages(path) for result in page]
    if walk.endless and not walk.led_back:
        hint = "Try again later; without all pages the list of results is incomplete."
        raise Doubt(error("service-list-endless", f"{request}: its pages have no end", hint), 200)
    results = gateway.irregularities.kept(ListKind.RESULTS, request, found)
    if walk.led_back:
        gateway.irregularities.endless(ListKind.RESULTS, request, len(results))
    return tuple(results)


def _identity(result: ResultInfo | Unreadable) -> object:
    return result.digest if isinstance(result, Unreadable) else (result.title, result.href)


def _result_page(document: object) -> tuple[list[ResultInfo | Unreadable], str | None]:
    # The links to other pages stand among the results, recognised only by their titles.
    found = read_results(document)
    links = {e.title: e.href for e in found if isinstance(e, ResultInfo)}
    return [e for e in found if getattr(e, "title", "") not in ("next-page", "prev-page")], links.get("next-page")


def _not_after(job: JobInfo, before: JobInfo) -> bool:
    return job.created is not None and before.created is not None and job.created <= before.created
