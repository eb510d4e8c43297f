"""Fresh links to the results of jobs: signed links expire, and the service keeps results for a while only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from eocanvas_apply.applying.session import Session, at_once
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import Run, keys_of
from eocanvas_apply.planning.desired.desired_job import DesiredInput
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.service.wire import ResultInfo

_GONE = 410


async def listed(session: Session, job_id: str) -> Sequence[ResultInfo] | None:
    """Return the results that have a link; None where the service has deleted them."""
    try:
        found = await session.service.results(job_id)
    except ServiceError as fault:
        if fault.status != _GONE:
            raise
        return None
    # A result without a link cannot be fetched: it counts as one that is not there.
    return found and [result for result in found if result.href]


async def note(session: Session, address: str, run: Run, *, gone: bool, there: bool) -> None:
    """Record that results are gone, the first time and once it has lasted, or that they are back."""
    looked, settle = session.now(), session.desired.timing.settle
    fact = partial(e.ResultsListed, address=address, job_id=run.job_id, looked=looked)
    if gone and (not run.lost or looked - min(run.lost) > settle):
        await session.journal.record(fact(gone=True))
    elif run.lost and there and not gone:
        await session.journal.record(fact(results=run.results))


def title_of(result: ResultInfo) -> str:
    """Return the title of a result in the ledger."""
    return result.title or result.href


def is_gone(fault: ServiceError) -> bool:
    """Return whether the service does not have what was requested."""
    return fault.status in (404, _GONE)


def by_key(results: Sequence[ResultInfo]) -> dict[str, ResultInfo]:
    """Return listed results by their keys in the ledger."""
    # Equal titles are distinguished by their links: the service may list them in another order.
    ordered = sorted(results, key=lambda result: result.href.partition("?")[0])
    return dict(zip(keys_of(map(title_of, ordered)), ordered, strict=True))


async def with_links(session: Session, tasks: Sequence[LaunchJob]) -> list[LaunchJob]:
    """Return the launches with the addresses of the results that are their inputs.

    Without them a launch is left out and is a failure of its address: it would only cost a unit of quota.
    """
    linked: dict[str, LaunchJob] = {}
    await at_once([partial(_link, session, task, linked) for task in tasks])
    return [linked[task.job.address] for task in tasks if task.job.address in linked]


async def _link(session: Session, task: LaunchJob, linked: dict[str, LaunchJob]) -> None:
    address = task.job.address
    try:
        inputs = [await _located(session, given) for given in task.job.inputs]
    except ServiceError as fault:
        session.fail(address, fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
        return
    gone = [given.result.address for given in inputs if given.link and given.result and not given.location]
    if gone:
        session.fail(address, _gone(address, gone[0]), again=True)
    else:
        linked[address] = replace(task, job=task.job.with_inputs(tuple(inputs)))


async def _located(session: Session, given: DesiredInput) -> DesiredInput:
    if given.link is None or given.result is None:
        return given
    results = await listed(session, given.link.job_id) or ()
    found = next((r for r in results if title_of(r) == given.link.title), None)
    run = session.journal.recorded.jobs[given.result.address].runs[given.link.job_id]
    await note(session, given.result.address, run, gone=found is None, there=found is not None)
    return replace(given, location=session.service.address_of(found)) if found else given


def _gone(address: str, source: str) -> Diagnostic:
    message = f"its input, a result of {source}, is not listed by the service any more"
    hint = f"it is requested again; if this persists: eocanvas-apply apply --relaunch '{source}'"
    return error("result-gone", message, hint, address=address)
