"""Why an address stands where it does: its action, what differs, and what became of every intent and generation."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT, Change, changes
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.planning.state.lineage import as_launched
from eocanvas_apply.planning.state.observed import Observed, ObservedJob
from eocanvas_apply.planning.state.order_book import orders_of
from eocanvas_apply.planning.state.reconciling import Evidence
from eocanvas_apply.planning.state.runs import counted_definition, counted_run, refused
from eocanvas_apply.report.sealed import Sealed, sealed


class Source(Struct, frozen=True):
    """A job whose result another is given: what the plan says of it, and the names of the results that it left."""

    action: PlannedAction
    results: tuple[str, ...]
    refused: bool = False


class Launched(Struct, frozen=True):
    """One launch and the job that came of it, None where there is none."""

    intent: Intent
    run: Run | None


# A text is why a job was forgotten.
Past = Generation | Order | Launched | str


class Explanation(Struct, frozen=True):
    """What there is to say about one address; `history` is oldest first, and so are the jobs in `candidates`.

    A candidate is a job of the service that may have come of a launch whose answer was lost; `refused` tells that the
    service refused the last launch, so that there is no job behind it; `sources` are those whose results it is given;
    `sealed` is what the service holds of a key, None where that is nothing; `wanted` the job as the manifest has it.
    """

    action: PlannedAction
    differences: tuple[Change, ...]
    history: tuple[Past, ...]
    candidates: tuple[ObservedJob, ...] = ()
    refused: bool = False
    sources: tuple[Source, ...] = ()
    sealed: Sealed | None = None
    wanted: DesiredJob | None = None

    @property
    def launched_digest(self) -> str | None:
        """The digest of the graph or chain that was launched, where the manifest's is another."""
        changed = next((each for each in self.differences if each.path == DOCUMENT), None)
        return changed.before if changed else None


def explain(address: str, plan: Plan, desired: Desired, recorded: Recorded, observed: Observed) -> Explanation | None:
    """Return the explanation, None for an address that the plan does not hold."""
    planned = plan.by_address()
    action = planned.get(address)
    if action is None:
        return None
    if address.startswith("key."):
        record = recorded.keys.get(str(Address.parse(address).whole))
        generations = tuple(record.generations.values()) if record else ()
        return Explanation(action, action.changes, generations, sealed=sealed(address, desired, recorded, observed))
    job, wanted = recorded.jobs.get(address), as_launched(desired, recorded).jobs.get(address)
    sources = tuple(_source(planned[each], recorded) for each in wanted.sources if each in planned) if wanted else ()
    orders = orders_of(wanted, recorded) if wanted else []
    if job is None:
        return Explanation(action, (), tuple(orders), sources=sources, wanted=wanted)
    suspects = _candidates(job, Evidence.of(desired.project, desired.timing, recorded, observed))
    history = (*orders, *_launches(job))
    return Explanation(action, _differences(wanted, job), history, suspects, refused(job), sources, wanted=wanted)


def _source(action: PlannedAction, recorded: Recorded) -> Source:
    record = recorded.jobs.get(action.address)
    run = counted_run(record)
    names = tuple(result.name for result in run.results or ()) if run else ()
    return Source(action, names, record is not None and refused(record))


def _candidates(record: JobRecord, evidence: Evidence) -> tuple[ObservedJob, ...]:
    last = record.last_intent
    if last is None or last.intended is None or last.state is not IntentState.OPEN:
        return ()
    return tuple(evidence.suspects(last.intended))


def _differences(wanted: DesiredJob | None, record: JobRecord) -> tuple[Change, ...]:
    intended = counted_definition(record)
    return changes(intended.components, wanted.components) if wanted and intended else ()


def _launches(record: JobRecord) -> Iterator[Launched | str]:
    for intent in record.intents.values():
        yield Launched(intent, record.run_of(intent))
    if record.forgotten:
        yield record.forgotten
