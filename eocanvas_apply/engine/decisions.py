"""Decisions of a person about one job: what became of its launch, whether it is managed any more."""

from __future__ import annotations

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import SafetyRefusal, UsageError
from eocanvas_apply.ledger.events import Forgotten, Resolved
from eocanvas_apply.ledger.fold.job_records import Intent, IntentState
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.state.reconciling import settled_at
from eocanvas_apply.planning.tasks import AdoptJob
from eocanvas_apply.service.wire import JobInfo


async def adopt(engine: Engine, address: str, job_id: str) -> JobInfo:
    """Record that an undecided launch became this job of the service; return the job.

    Raises UsageError where there is no such job, it is another address's, or nothing is undecided.
    """
    intent = await _undecided(engine, address)
    owner = engine.journal.recorded.owner_of.get(job_id)
    if owner not in (None, address):
        raise UsageError(error("job-taken", f"job {job_id} belongs to {owner}", "choose another job", address=address))
    job = await engine.service.job(job_id)
    if job is None:
        raise UsageError(error("no-such-job", f"the service knows no job {job_id}", address=address))
    await engine.journal.record(Resolved(address=address, intent=intent.id, decision="adopt", job_id=job_id))
    return job


async def launch_again(engine: Engine, address: str) -> None:
    """Record that an undecided launch became no job: the next apply launches it.

    Raises SafetyRefusal as long as the service may still carry it out, and where it shows its job.
    """
    intent = await _undecided(engine, address)
    await _require_settled(engine, address, intent)
    await engine.journal.record(Resolved(address=address, intent=intent.id, decision="launch"))


async def _require_settled(engine: Engine, address: str, intent: Intent) -> None:
    if intent.state is not IntentState.OPEN or intent.intended is None:
        return
    # The service's own time counts, and by now it may show the job.
    plan, observed = await engine.plan(Requests())
    found = plan.by_address().get(address)
    if found and isinstance(found.task, AdoptJob):
        what = f"{address}: its launch became job {found.task.job_id}"
        raise SafetyRefusal(error("launch-found", what, "the next apply records it", address=address))
    safe = settled_at(intent.intended, engine.desired.timing)
    if observed.at < safe:
        sent = f"the launch of {intent.intended.decided:%H:%M:%S} UTC"
        what = f"{address}: the service may still carry out {sent}; another one now could run the job twice"
        hint = f"wait until {safe:%Y-%m-%d %H:%M:%S} UTC; apply then finds out by itself, or --launch is possible"
        raise SafetyRefusal(error("answer-open", what, hint, address=address))


async def forget(engine: Engine, address: str) -> None:
    """Stop managing a job, without touching it at the service. Raises UsageError where it is not recorded."""
    recorded = await engine.recorded()
    record = recorded.jobs.get(address)
    if record is None or record.forgotten:
        raise UsageError(_not_recorded(address))
    await engine.journal.claim(recorded.head, [Forgotten(address=address, reason="requested")])


async def _undecided(engine: Engine, address: str) -> Intent:
    recorded = await engine.recorded()
    record = recorded.jobs.get(address)
    last = record.last_intent if record else None
    if last is None:
        raise UsageError(_not_recorded(address))
    same_job = last.refused is not None and last.refused.refusal == "same-job" and not last.given_up
    if last.state is not IntentState.OPEN and not same_job:
        hint = f"eocanvas-apply why {typed(address)} shows its state"
        raise UsageError(error("nothing-to-resolve", f"{address}: its launch is not undecided", hint, address=address))
    return last


def _not_recorded(address: str) -> Diagnostic:
    hint = "eocanvas-apply status lists every recorded address"
    return error("not-recorded", f"{address} is not recorded", hint, address=address)
