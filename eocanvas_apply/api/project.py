"""An open project: plan, apply, status, results. It is async; `api.blocking` runs the same in a thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from eocanvas_apply.api import parameters
from eocanvas_apply.api.addresses import addresses_named, jobs_named
from eocanvas_apply.api.audience import Audience, listening
from eocanvas_apply.api.shared_keywords import asked_through
from eocanvas_apply.api.values import ApplyResult, Plan, Status
from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.definition import Rows
from eocanvas_apply.engine.opening import open_engine, timing_overrides
from eocanvas_apply.errors import UsageError
from eocanvas_apply.planning.plan import Requests

if TYPE_CHECKING:
    from eocanvas_apply.api.results import Results
    from eocanvas_apply.api.values import Progress
    from eocanvas_apply.engine.definition import Definition
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.engine.permission import Permission
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.planning.plan import Plan as PlanValue
    from eocanvas_apply.planning.saved_plan import SavedPlan
    from eocanvas_apply.report.page.report_page import ReportPage
    from eocanvas_apply.secrets.vault import Vault

# A little more than a run waits for answers on the way.
GRACE_S = 8.0


class AsyncProject:
    """An open project, for `async with`. Manifest and rows are read once: open it again to read them again."""

    # What is opened in an event loop belongs to it; see `_enter_loop`.
    _loop: asyncio.AbstractEventLoop | None = None
    _engine: Engine | None = None
    _stack: AsyncExitStack
    _opening: asyncio.Lock
    _applying: asyncio.Lock
    _stops = 0

    def __init__(
        self, project: Definition, settings: Settings, rows: Rows = Rows.ASKED, vault: Vault | None = None
    ) -> None:
        self.project = project
        self._settings, self._rows, self._vault = settings, rows, vault

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.project.files}>"

    async def __aenter__(self) -> AsyncProject:
        return self

    async def __aexit__(self, *fault: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to the service. The project may be asked again, then they are opened again.

        An apply at work in another task is stopped first, as by `stop`, and one that waits for its turn too.
        Raises UsageError while it is open in another event loop.
        """
        self._enter_loop()
        self.stop()
        async with self._applying:
            self._engine = None
            await self._stack.aclose()

    async def engine(self) -> Engine:
        """Return the engine, opened with the first call: secrets are read then, and campaigns search for their rows.

        It belongs to the event loop that it is opened in, until `close` or the end of that loop; in another one it
        raises UsageError. Raises ManifestError, ServiceError and CredentialsError too.
        """
        self._enter_loop()
        async with self._opening:
            if self._engine is None:
                opening = open_engine(self.project, self._settings, self._rows, self._vault)
                self._engine = await self._stack.enter_async_context(opening)
        return self._engine

    def _enter_loop(self) -> None:
        here = asyncio.get_running_loop()
        if self._loop is here:
            return
        if self._loop is not None and not self._loop.is_closed() and (self._engine or self._opening.locked()):
            hint = "close it there first, or open one project for each event loop: eoc.aopen(...)"
            raise UsageError(error("usage", "the project is open in another event loop", hint))
        # What was opened in a loop that has ended was closed with it.
        self._loop, self._engine = here, None
        self._stack, self._opening, self._applying = AsyncExitStack(), asyncio.Lock(), asyncio.Lock()

    async def _recorded(self) -> Recorded:
        return await (await self.engine()).recorded()

    async def addresses(self) -> tuple[str, ...]:
        """Return the addresses of all keys and jobs that the manifest asks for."""
        desired = (await self.engine()).desired
        return (*desired.keys, *desired.jobs)

    async def requests(
        self,
        *,
        only: str | Iterable[str] | None = None,
        limit: int | None = None,
        relaunch: str | Iterable[str] = (),
        retry_failed: bool = False,
        destroy: bool = False,
        fetch: bool = True,
        allow: str | Iterable[str] = (),
        allow_protected: str | Iterable[str] = (),
    ) -> Requests:
        """Return what is asked for beyond the manifest; raises UsageError for an address that nothing has."""
        parameters.flags(retry_failed=retry_failed, destroy=destroy, fetch=fetch)
        named = None if only is None else parameters.texts("only", only)
        again, allowed = parameters.texts("relaunch", relaunch), parameters.allowances("allow", allow)
        launches = parameters.launches("limit", limit)
        known, recorded = await self.addresses(), await self._recorded()
        return Requests(
            destroy=destroy,
            relaunch=jobs_named(again, known, recorded),
            retry_failed=retry_failed,
            allowed=allowed,
            no_fetch=not fetch,
            only=None if named is None else addresses_named(named, known, recorded),
            limit=launches,
            unprotected=frozenset(parameters.texts("allow_protected", allow_protected)),
        )

    @asked_through(requests)
    async def plan(self, requests: Requests) -> Plan:
        """Return what an apply would change. Nothing is changed, on the service or on disk.

        `only` names jobs and keys (a name, a campaign, `campaign/id`, or several of them), all others are left as they
        are; `limit` is the most launches of the run; `relaunch` names jobs to run again; `retry_failed` runs failed
        jobs again; `destroy` deletes all keys and gives up all jobs; without `fetch` results stay at the service;
        `allow` are safety flags as the refusals name them, such as `allow-deletes`, and `allow_protected` addresses
        that are protected and may be touched.
        Raises UsageError, ManifestError, CredentialsError, ServiceError and LedgerError.
        """
        return await self.planned(requests)

    async def planned(self, requests: Requests) -> Plan:
        """Return the plan for these requests."""
        from eocanvas_apply.planning.state.sent_launches import last_intents

        engine = await self.engine()
        value, observed = await engine.plan(requests)
        intents = last_intents(requests, value, engine.journal.recorded)
        found = (*engine.findings, *await engine.other_runs())
        manifest, recorded = self.project.manifest, engine.journal.recorded
        return Plan(value, requests, observed, found, intents, manifest=manifest, recorded=recorded)

    async def save(self, plan: Plan, path: str | os.PathLike[str]) -> None:
        """Save a plan of this project as a file that `apply` and `eocanvas-apply apply FILE` carry out later.

        It holds no secret, but slow fingerprints of them under a salt of its own. Raises UsageError.
        """
        from eocanvas_apply.engine import saved_plans
        from eocanvas_apply.render.definitions import saved_definitions

        _require_service(plan)
        saved = await saved_plans.saved(
            await self.engine(), plan.value, plan.requests, plan.intents, saved_definitions(plan.value)
        )
        await asyncio.to_thread(saved_plans.write_plan, Path(path), saved)

    async def apply(
        self,
        plan: Plan | SavedPlan,
        *,
        wait: str | timedelta | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> ApplyResult:
        """Carry out a plan, or one that `read_plan` read, and wait for its jobs and their results.

        One apply at a time: a second one waits for the first. A plan may be given again until its actions are done.
        `wait` is the longest time to wait for jobs, such as `2h` or a timedelta: None waits to the end, `0s` does what
        can be done now. `on_progress` gets each event; without it a cell of a notebook shows in place how the run
        stands. A failed job raises nothing, nor does a fault that ends the run later, such as a service that is gone:
        see `exit_code`, `results` and `diagnostics`. A run whose task is cancelled stops as by `stop`.
        Raises PlanStale where something else would be done than the plan says, SafetyRefusal where a safety rule
        refuses it (its diagnostic names what to `allow`), and before anything is changed ServiceError, CredentialsError
        and LedgerError.
        """
        from eocanvas_apply.engine import permission
        from eocanvas_apply.planning.saved_plan import SavedPlan

        if not isinstance(plan, Plan | SavedPlan):
            raise TypeError(f"apply needs the Plan that project.plan() returned, not {type(plan).__name__}")
        limit = parameters.waiting("wait", wait)
        async with self._turn(on_progress, limit) as audience:
            if isinstance(plan, SavedPlan):
                return await self._stopped_first(self.applied_as_saved(plan, limit), audience)
            _require_service(plan)
            allowed_by = permission.of_plan(plan.value, plan.intents)
            return await self._stopped_first(self.applied(plan.requests, limit, lambda _: None, allowed_by), audience)

    async def continue_apply(
        self,
        *,
        wait: str | timedelta | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        only: str | Iterable[str] | None = None,
        limit: int | None = None,
        relaunch: str | Iterable[str] = (),
        retry_failed: bool = False,
        fetch: bool = True,
        allow: str | Iterable[str] = (),
        allow_protected: str | Iterable[str] = (),
    ) -> ApplyResult:
        """Go on with the manifest that was accepted last, as `eocanvas-apply apply --continue` does: for schedules.

        A manifest is accepted when a plan of it is applied. This plans anew and applies that, without asking. `wait`
        and `on_progress` are those of `apply`, the others those of `plan`; `wait="0s", fetch=False` makes it short.
        Raises PlanStale where another manifest was accepted last, or none; else what `plan` and `apply` raise.
        """
        wait_at_most = parameters.waiting("wait", wait)
        async with self._turn(on_progress, wait_at_most) as audience:
            requests = await self.requests(
                only=only,
                limit=limit,
                relaunch=relaunch,
                retry_failed=retry_failed,
                fetch=fetch,
                allow=allow,
                allow_protected=allow_protected,
            )
            accepted = await self.last_accepted()
            return await self._stopped_first(self.applied(requests, wait_at_most, lambda _: None, accepted), audience)

    @asynccontextmanager
    async def _turn(
        self, on_progress: Callable[[Progress], object] | Audience | None, wait: timedelta | None
    ) -> AsyncIterator[Audience]:
        """Wait until no other apply is at work; a `stop` in the meantime holds for this one too."""
        from eocanvas_apply.api.notebook.cell_display import audience_of

        if not isinstance(on_progress, Audience):
            parameters.callback("on_progress", on_progress)
        audience = audience_of(on_progress)
        stops = self._stops
        engine = await self.engine()
        async with self._applying:
            engine.stopping = asyncio.Event()
            if stops != self._stops:
                engine.stopping.set()
            engine.report, engine.show = audience.report, audience.show if audience.looks else None
            async with listening(audience, wait):
                yield audience

    async def _stopped_first(self, run: Coroutine[Any, Any, ApplyResult], audience: Audience) -> ApplyResult:
        """Wait for a run. Where that is cancelled the run is stopped first, unless it is being stopped already."""
        task = asyncio.ensure_future(run)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._engine is not None and not self._engine.stopping.is_set():
                self.stop()
                audience.stopping()
                await asyncio.wait([task], timeout=GRACE_S)
            raise
        finally:
            task.cancel()
            await asyncio.wait([task])
            # What it raised is raised already, or does not matter any more.
            _ = task.cancelled() or task.exception()

    async def last_accepted(self) -> Permission:
        """Return the permission to go on with the manifest that was accepted last."""
        from eocanvas_apply.engine import permission

        return permission.of_last_accepted(await self._recorded())

    async def applied_as_saved(
        self,
        plan: SavedPlan,
        wait: timedelta | None,
        show: Callable[[PlanValue], None] | None = None,
        *,
        fetch: bool = True,
    ) -> ApplyResult:
        """Apply what a saved plan allows; `show` sees the plan that is carried out."""
        from eocanvas_apply.engine import saved_plans

        engine = await self.engine()
        requests = replace(plan.requests, no_fetch=plan.requests.no_fetch or not fetch)
        return await self.applied(
            requests, wait, show or (lambda _: None), await saved_plans.of_saved_plan(engine, plan)
        )

    async def applied(
        self,
        requests: Requests,
        wait: timedelta | None,
        confirm: Callable[[PlanValue], None],
        allowed_by: Permission | None = None,
    ) -> ApplyResult:
        """Plan, let `confirm` see the plan (it raises to decline), and apply it, if a permission allows it."""
        from eocanvas_apply.api.notifying import Notifying

        engine = await self.engine()
        beside = await engine.other_runs()
        notifying = Notifying(self.project, self._settings, engine.stopping, silent=requests.destroy)
        result, untold = await notifying.of(engine.apply(requests, wait, confirm, allowed_by))
        return ApplyResult(result, (*engine.findings, *beside, *untold))

    def stop(self) -> None:
        """Stop an apply that is at work: nothing more is sent, answers on the way are waited for (up to 5 s).

        One that waits for its turn ends with an EocanvasApplyError, before anything is changed.
        """
        self._stops += 1
        if self._engine is not None:
            self._engine.stopping.set()

    async def status(self) -> Status:
        """Return the state of every key and job, from a look at the service. Raises what `plan` does."""
        from eocanvas_apply.report import status as report

        plan = await self.planned(Requests())
        engine = await self.engine()
        recorded = engine.journal.recorded
        found = report.status(plan.value, recorded, plan.observed)
        return Status(found, plan.warnings, manifest=self.project.manifest, recorded=recorded)

    async def last_page(self) -> ReportPage:
        """Return what a report shows, by the last look at the service, or by the ledger before the first one.

        Raises ManifestError, UsageError and LedgerError.
        """
        from eocanvas_apply.api.report_pages import page_of_ledger
        from eocanvas_apply.report.page.report_page import ReportPage

        if self._engine is not None and (found := self._engine.last_status):
            return ReportPage(found, self.project.manifest, self._engine.journal.recorded)
        ledger = self._settings.ledger_url or self.project.ledger_url
        return await page_of_ledger(self.project, ledger, timing_overrides(os.environ))

    async def results(self, address: str | None = None) -> Results:
        """Return the results of all jobs, or of one job or campaign, as the ledger knows them; nothing is fetched.

        Raises UsageError for an address that nothing on record has, and LedgerError.
        """
        from eocanvas_apply.api.results import chosen_jobs, recorded_results

        if not isinstance(address, str | None):
            raise TypeError(f"address is a text or None, not {address!r}")
        engine = await self.engine()
        recorded = await engine.recorded()
        rows = {job.address: job.fields for job in engine.desired.jobs.values()}
        return recorded_results(recorded, chosen_jobs(address, recorded), self.project.boundary, rows)

    async def describe(
        self, address: str | None = None, *, form: str = "stac", out: str | os.PathLike[str] | None = None
    ) -> list[Path]:
        """Write what made the results of all jobs, or of one job or campaign, and return the paths of the catalogues.

        `form` is `stac` (a collection for each job, an item beside each result; or all below the folder `out`) or
        `ro-crate`. Raises UsageError for another one, and where a file that is not ours is in the way.
        """
        from eocanvas_apply.api.provenance import describe

        recorded, desired = await self._recorded(), (await self.engine()).desired
        return await describe(self.project, desired, recorded, address, form, Path(out) if out else None)


def _require_service(plan: Plan) -> None:
    """Raise UsageError for a plan of a project that was opened with `offline`."""
    if plan.offline:
        hint = "open the project without offline=True, and plan again"
        raise UsageError(error("usage", "a plan without the service cannot be applied", hint))
