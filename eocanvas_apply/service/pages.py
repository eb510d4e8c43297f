"""Lists that come in pages, and the irregular links between these pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.service.clock import Clock, ServiceClock
from eocanvas_apply.service.gateway import Gateway
from eocanvas_apply.service.wire import JobInfo, ResultInfo, next_link, read_job_page, read_results

T = TypeVar("T")
FIRST_PAGE = "?limit=100&offset=0"


@dataclass(frozen=True, slots=True)
class JobList:
    """One pass of the list of jobs.

    `begun` is when the pass began, in the service's time. `complete` means that every page was read, or, where
    the order was newest first throughout, every page back to the time asked for.
    """

    jobs: tuple[JobInfo, ...]
    begun: datetime
    complete: bool


@dataclass(slots=True)
class Walk(Generic[T]):
    """Follows the next links of a list; the items of each page that earlier pages did not hold.

    A next link on an empty page is ignored. While new items arrive, older ones move to later pages and come
    twice. `circular` is true after the end when the links led back to earlier pages.
    """

    gateway: Gateway
    path: str
    split: Callable[[object], tuple[Sequence[T], str | None]]
    key: Callable[[T], object]
    query: str = FIRST_PAGE
    circular: bool = False
    _link: str | None = field(init=False)
    _links: set[str] = field(default_factory=set)
    _known: set[object] = field(default_factory=set)
    _stale: int = 0

    def __post_init__(self) -> None:
        self._link = self.path + self.query

    async def page(self) -> list[T] | None:
        """Return the next page, None after the last one."""
        if self._link is None:
            return None
        if self._link in self._links or self._stale > 1:
            self.circular = True
            return None
        self._links.add(self._link)
        items, self._link = await self._read(self._link)
        if not items:
            self._link = None
            return None
        return self._fresh(items)

    async def _read(self, link: str) -> tuple[Sequence[T], str | None]:
        try:
            return await self.gateway.read(link, self.split)
        except Refused as refused:
            if refused.status != 400 or link != self.path + FIRST_PAGE:
                raise
        return await self.gateway.read(self.path, self.split)  # perhaps this page size is not allowed

    def _fresh(self, items: Sequence[T]) -> list[T]:
        fresh: list[T] = []
        for item in items:
            if self.key(item) not in self._known:
                self._known.add(self.key(item))
                fresh.append(item)
        self._stale = 0 if fresh else self._stale + 1
        return fresh


async def walk_jobs(gateway: Gateway, clock: Clock, time: ServiceClock, back_to: datetime | None) -> JobList:
    """Read the list of jobs; with `back_to` (service time) no further back than that, if the order allows it."""
    started = clock.monotonic()
    walk: Walk[JobInfo | None] = Walk(gateway, "/jobs", _job_page, lambda job: job and job.job_id)
    jobs: list[JobInfo] = []
    readable = newest_first = True
    while (page := await walk.page()) is not None:
        for job in page:
            if job is None:
                readable = False
                continue
            newest_first = newest_first and (not jobs or _not_after(job, jobs[-1]))
            jobs.append(job)
        if newest_first and _reaches(jobs, back_to):
            break
    # The service's time is known since the first answer; the beginning is computed back from there.
    return JobList(tuple(jobs), time.at(started), complete=readable and not walk.circular)


async def walk_results(gateway: Gateway, path: str) -> tuple[ResultInfo, ...]:
    """Read all results of a job; raise Doubt when their pages have no end."""
    walk: Walk[ResultInfo] = Walk(gateway, path, _result_page, lambda r: (r.title, r.href), query="")
    results: list[ResultInfo] = []
    while (page := await walk.page()) is not None:
        results.extend(page)
    if walk.circular:
        hint = "Try again later; without all pages the list of results is incomplete."
        raise Doubt(error("service-answer-unreadable", f"GET {path}: its pages link back to themselves", hint), 200)
    return tuple(results)


def _job_page(document: object) -> tuple[list[JobInfo | None], str | None]:
    return read_job_page(document), next_link(document)


def _result_page(document: object) -> tuple[list[ResultInfo], str | None]:
    # The links to other pages stand among the results, recognised only by their titles.
    entries = read_results(document)
    following = next((e.href for e in entries if e.title == "next-page"), None)
    return [e for e in entries if e.title not in ("next-page", "prev-page")], following


def _not_after(job: JobInfo, before: JobInfo) -> bool:
    return job.created is not None and before.created is not None and job.created <= before.created


def _reaches(jobs: list[JobInfo], back_to: datetime | None) -> bool:
    oldest = jobs[-1].created if jobs else None
    return back_to is not None and oldest is not None and oldest < back_to
