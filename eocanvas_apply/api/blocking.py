"""The same project for scripts and notebook cells: each call runs in an event loop of its own, in a thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from html import escape
from inspect import getdoc
from typing import Any, Concatenate, ParamSpec, TypeVar

from eocanvas_apply.api import parameters
from eocanvas_apply.api.audience import Audience, Relayed
from eocanvas_apply.api.notebook.cell_display import audience_of
from eocanvas_apply.api.parameters import ManifestPath
from eocanvas_apply.api.project import GRACE_S, AsyncProject
from eocanvas_apply.api.project_opening import aopen
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import EocanvasApplyError, UsageError

# What is to be called in the thread that waits; None ends it.
_Calls = queue.SimpleQueue[Callable[[], object] | None]
P = ParamSpec("P")
T = TypeVar("T")
# How often a call that waits lets Ctrl-C through, also on Windows.
_TICK_S = 0.2
_STOPPED = "the run was stopped; a later apply goes on from there"
_INTERRUPTS = """\
`on_progress` is called in the thread of the caller. Ctrl-C (in a notebook: interrupt) sends nothing more, waits a few
seconds for answers on the way and raises KeyboardInterrupt, a second one at once; a later apply goes on from there.
"""


def open(  # noqa: A001  # as eoc.open, like gzip.open
    path: ManifestPath = "eocanvas.yaml",
    env: str | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    allow_paths: Iterable[str | os.PathLike[str]] = (),
    policy: str | os.PathLike[str] | None = None,
    offline: bool = False,
) -> Project:
    """Open the project of a manifest, best in a `with` block. It works in a script and in a notebook cell.

    `path` is a file, a folder of several `*.eocanvas.yaml`, or a list of them, each laid over those before it.
    Credentials, service and ledger are found as the command line finds them (HDA_USER and HDA_PASSWORD, ~/.hdarc,
    EOCANVAS_URL, EOCANVAS_APPLY_LEDGER, ...). `variables` win over the defaults in `vars`. `allow_paths` are folders
    outside of the manifest's where it may name files and download folders, beside those that the settings allow.
    `policy` is the file of a policy, in place of EOCANVAS_APPLY_POLICY.
    `env` names the environment of the manifest that holds, which has a ledger of its own.
    With `offline` it can only plan, as `eocanvas-apply plan --offline` does: from manifest, lock and ledger, without
    credentials; nothing is sent, no secret is read, nothing runs. Any other question raises UsageError.
    Nothing is sent before the first question.
    Raises ManifestError, CredentialsError and UsageError.
    """
    return Project(aopen(path, env, variables, allow_paths=allow_paths, policy=policy, offline=offline))


def _blocking(
    method: Callable[Concatenate[AsyncProject, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Project, P], T]:
    """Return the method of a project that waits for the answer of one of an async project."""

    @wraps(method)
    def blocking(self: Project, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._run(method(self._project, *args, **kwargs))

    return blocking


def _interruptible(
    method: Callable[Concatenate[AsyncProject, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Project, P], T]:
    """Return a blocking method that calls `on_progress` in the caller's thread, and that may be interrupted."""

    @wraps(method)
    def blocking(self: Project, /, *args: P.args, **kwargs: P.kwargs) -> T:
        on_progress: Any = kwargs.get("on_progress")
        parameters.callback("on_progress", on_progress)
        audience, calls = audience_of(on_progress), _Calls()
        kwargs["on_progress"] = Relayed(audience, calls)
        try:
            return self._run(method(self._project, *args, **kwargs), calls, audience)
        except KeyboardInterrupt:
            # What came in meanwhile is shown; a function that was interrupted itself is not called again.
            if audience.looks:
                _call(calls)
            # As for errors, the frames of every layer below would hide the cell.
            raise KeyboardInterrupt(_STOPPED) from None

    blocking.__doc__ = f"{getdoc(method)}\n\n{_INTERRUPTS}"
    return blocking


class Project:
    """An open project. Manifest and rows are read once: open it again to read them again."""

    def __init__(self, project: AsyncProject) -> None:
        self._project = project
        self._loop = asyncio.new_event_loop()
        self._calls: set[concurrent.futures.Future[Any]] = set()
        # A call either begins before the project closes, and is waited for, or is refused.
        self._beginning, self._closed = threading.Lock(), False
        self._thread = threading.Thread(target=self._loop.run_forever, name="eocanvas-apply", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._project.project.files}{' (closed)' if self._closed else ''}>"

    def _repr_html_(self) -> str | None:
        """Return the map, the calendar and the campaigns for a notebook; the service is not asked for it."""
        if self._closed:
            return None
        from eocanvas_apply.render.notebook import project_display

        try:
            return project_display.summary(self._run(self._project.last_page()))
        except EocanvasApplyError as fault:
            return f"<div><b>{escape(repr(self))}</b><pre>{escape(str(fault))}</pre></div>"

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the service and end the thread; any later call raises UsageError.

        An apply at work in another thread is stopped first, as by Ctrl-C; other calls have a few seconds to end.
        """
        with self._beginning:
            if self._closed:
                return
            self._closed = True
        try:
            self._loop.call_soon_threadsafe(self._project.stop)
            _end(list(self._calls), GRACE_S)
            asyncio.run_coroutine_threadsafe(self._project.close(), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    plan = _blocking(AsyncProject.plan)
    save = _blocking(AsyncProject.save)
    status = _blocking(AsyncProject.status)
    results = _blocking(AsyncProject.results)
    describe = _blocking(AsyncProject.describe)

    apply = _interruptible(AsyncProject.apply)
    continue_apply = _interruptible(AsyncProject.continue_apply)

    def _run(
        self,
        work: Coroutine[Any, Any, T],
        calls: _Calls | None = None,
        audience: Audience | None = None,
    ) -> T:
        """Return what the work comes to, and make its calls; an interrupt stops a run first, and tells its audience."""
        calls = calls or queue.SimpleQueue()
        future = self._begun(work)
        future.add_done_callback(self._calls.discard)
        future.add_done_callback(lambda _: calls.put(None))
        try:
            for call in iter(lambda: _next(calls), None):
                call()
        except BaseException:
            # Another thread's apply goes on when a question of this one is refused or interrupted.
            if audience and not future.done():
                self._loop.call_soon_threadsafe(self._project.stop)
                audience.stopping()
            _end([future], GRACE_S if audience else 0.0)
            raise
        return _answer(future)

    def _begun(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        with self._beginning:
            if self._closed:
                work.close()
                raise _project_closed()
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._calls.add(future)
            return future


def _answer(future: concurrent.futures.Future[T]) -> T:
    try:
        return future.result()
    except EocanvasApplyError as fault:
        # Its diagnostics say what happened; a notebook would show the frames of every layer below.
        raise fault.with_traceback(None) from None
    except concurrent.futures.CancelledError:
        raise _project_closed() from None


def _project_closed() -> UsageError:
    return UsageError(error("usage", "the project is closed", "open it again: eoc.open(...)"))


def _next(calls: _Calls) -> Callable[[], object] | None:
    while True:
        try:
            return calls.get(timeout=_TICK_S)
        except queue.Empty:
            continue


def _call(calls: _Calls) -> None:
    """Make the calls that are left."""
    with suppress(queue.Empty):
        while True:
            if call := calls.get_nowait():
                call()


def _end(calls: Sequence[concurrent.futures.Future[Any]], grace_s: float) -> None:
    try:
        concurrent.futures.wait(calls, timeout=grace_s)
    finally:
        for call in calls:
            call.cancel()
