"""Lists that come in pages, and the irregular links between these pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.service.clock import ServiceClock
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

    async def pages(self) -> AsyncIterator[list[T]]:
        """Yield page after page."""
        link: str | None = self.path + self.query
        asked: set[str] = set()
        known: set[object] = set()
        stale = 0
        while link is not None:
            if link in asked or stale > 1:
                self.circular = True
                return
            asked.add(link)
            items, link = await self._read(link)
            if not items:
                return
            fresh: dict[object, T] = {}
            for item in items:
                fresh.setdefault(self.key(item), item)
            yield [item for key, item in fresh.items() if key not in known]
            stale = stale + 1 if fresh.keys() <= known else 0
            known |= fresh.keys()

    async def _read(self, link: str) -> tuple[Sequence[T], str | None]:
        try:
            return await self.gateway.read(link, self.split)
        except Refused as refused:
            if refused.status != 400 or link != self.path + FIRST_PAGE:
                raise
        return await self.gateway.read(self.path, self.split)  # perhaps this page size is not allowed


async def walk_jobs(gateway: Gateway, time: ServiceClock, back_to: datetime | None) -> JobList:
    """Read the list of jobs; with `back_to` (service time) no further back than that, if the order allows it."""
    started = time.clock.monotonic()
    walk: Walk[JobInfo | None] = Walk(
        gateway, "/jobs", lambda page: (read_job_page(page), next_link(page)), lambda job: job and job.job_id
    )
    jobs: list[JobInfo] = []
    readable = newest_first = True
    async for page in walk.pages():
        for job in page:
            if job is None:
                readable = False
                continue
            newest_first = newest_first and (not jobs or _not_after(job, jobs[-1]))
            jobs.append(job)
        oldest = jobs[-1].created if jobs else None
        if newest_first and back_to and oldest and oldest < back_to:
            break
    # The service's time is known since the first answer; the beginning is computed back from there.
    return JobList(tuple(jobs), time.at(started), complete=readable and not walk.circular)


async def walk_results(gateway: Gateway, path: str) -> tuple[ResultInfo, ...]:
    """Read all results of a job; raise Doubt when their pages have no end."""
    walk: Walk[ResultInfo] = Walk(gateway, path, _result_page, lambda r: (r.title, r.href), query="")
    results = [result async for page in walk.pages() for result in page]
    if walk.circular:
        hint = "Try again later; without all pages the list of results is incomplete."
        raise Doubt(error("service-answer-unreadable", f"GET {path}: its pages link back to themselves", hint), 200)
    return tuple(results)


def _result_page(document: object) -> tuple[list[ResultInfo], str | None]:
    # The links to other pages stand among the results, recognised only by their titles.
    entries = read_results(document)
    following = next((e.href for e in entries if e.title == "next-page" and e.href), None)
    return [e for e in entries if e.title not in ("next-page", "prev-page")], following


def _not_after(job: JobInfo, before: JobInfo) -> bool:
    return job.created is not None and before.created is not None and job.created <= before.created
