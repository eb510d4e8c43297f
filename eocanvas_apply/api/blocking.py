"""The same project for scripts and notebook cells: each call runs in an event loop of its own, in a thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

from eocanvas_apply.api.project import AsyncProject, aopen
from eocanvas_apply.api.results import Results
from eocanvas_apply.api.values import ApplyResult, Plan, Progress, Status

T = TypeVar("T")
# How often a call that waits lets Ctrl-C through, also on Windows.
_TICK_S = 0.2
# A little more than an apply waits for answers on the way.
_GRACE_S = 8.0


def open(  # noqa: A001  # as eoc.open, like gzip.open
    path: str | os.PathLike[str] = "eocanvas.yaml", env: str | None = None, variables: Mapping[str, str] | None = None
) -> Project:
    """Open the project of a manifest, best in a `with` block. It works in a script and in a notebook cell.

    Credentials, service and ledger are found as the command line finds them (HDA_USER and HDA_PASSWORD, ~/.hdarc,
    EOCANVAS_URL, EOCANVAS_APPLY_LEDGER, ...). `variables` win over the defaults in `vars`. Nothing is sent before the
    first question. `env` other than None is not supported yet.
    Raises ManifestError, CredentialsError and UsageError.
    """
    return Project(aopen(path, env, variables))


class Project:
    """An open project. Manifest and rows are read once: open it again to read them again."""

    def __init__(self, project: AsyncProject) -> None:
        self._project = project
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="eocanvas-apply", daemon=True)
        self._thread.start()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the service and end the thread; after that the project cannot be asked again."""
        if self._loop.is_closed():
            return
        self._run(self._project.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def plan(
        self,
        *,
        only: Iterable[str] | None = None,
        limit: int | None = None,
        relaunch: Iterable[str] = (),
        retry_failed: bool = False,
        destroy: bool = False,
        fetch: bool = True,
        allow: Iterable[str] = (),
    ) -> Plan:
        """Return what an apply would change; the arguments and errors are those of `AsyncProject.plan`."""
        return self._run(
            self._project.plan(
                only=only,
                limit=limit,
                relaunch=relaunch,
                retry_failed=retry_failed,
                destroy=destroy,
                fetch=fetch,
                allow=allow,
            )
        )

    def apply(
        self,
        plan: Plan,
        *,
        wait: str | timedelta | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> ApplyResult:
        """Carry out a plan and wait for its jobs; arguments and errors are those of `AsyncProject.apply`.

        `on_progress` is called in the thread of the caller. Ctrl-C (in a notebook: interrupt) sends nothing more,
        waits a few seconds for answers on the way and raises KeyboardInterrupt; a later apply goes on from there.
        """
        events: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()
        work = self._project.apply(plan, wait=wait, on_progress=events.put)
        return self._run(work, events, on_progress, _GRACE_S)

    def status(self) -> Status:
        """Return the state of every key and job, from a look at the service. Raises what `plan` does."""
        return self._run(self._project.status())

    def results(self, address: str | None = None) -> Results:
        """Return the results of all jobs, or of one job or campaign, as the ledger knows them; nothing is fetched.

        Raises UsageError for an address that nothing on record has, and LedgerError.
        """
        return self._run(self._project.results(address))

    def _run(
        self,
        work: Coroutine[Any, Any, T],
        events: queue.SimpleQueue[Progress | None] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        grace_s: float = 0.0,
    ) -> T:
        """Return what the work comes to, and pass on its events; an interrupt stops the work first."""
        events = events or queue.SimpleQueue()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        future.add_done_callback(lambda _: events.put(None))
        try:
            for event in iter(lambda: _next(events), None):
                if on_progress is not None:
                    on_progress(event)
            return future.result()
        except BaseException:
            self._loop.call_soon_threadsafe(self._project.stop)
            _end(future, grace_s)
            raise


def _next(events: queue.SimpleQueue[Progress | None]) -> Progress | None:
    while True:
        try:
            return events.get(timeout=_TICK_S)
        except queue.Empty:
            continue


def _end(future: concurrent.futures.Future[Any], grace_s: float) -> None:
    try:
        concurrent.futures.wait([future], timeout=grace_s)
    finally:
        future.cancel()
