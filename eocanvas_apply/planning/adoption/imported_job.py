"""A job of the service that an address takes over: what its record says, and how it differs from the manifest.

What the log does not show is recorded as the manifest has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.documents.trace import LoggedRequest
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import KeyUse, ListedResult, TraceDigests, fingerprint
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.adoption.likeness import Likeness, likeness
from eocanvas_apply.planning.desired.desired import Desired, key_address
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.desired.fingerprint import changes
from eocanvas_apply.planning.failures import Failure
from eocanvas_apply.planning.state.observed import ObservedJob


class SeenJob(Struct, frozen=True):
    """A job as the service shows it. `request` is what its log shows, None where there is no log.

    `results` are None where the service lists none yet, and none for a failed job; `failure` is why it failed, as far
    as the log says.
    """

    shown: ObservedJob
    request: LoggedRequest | None = None
    results: tuple[ListedResult, ...] | None = None
    failure: Failure | None = None


def job_adoption(
    desired: Desired, job: DesiredJob, seen: SeenJob, recorded: Recorded, *, intent: str, at: datetime
) -> Adoption:
    """Return how a job of the service becomes the launch of an address that counts."""
    names = _physical_keys(desired, recorded)
    found = likeness(job, seen.request, seen.results, names)
    return Adoption(
        job.address,
        seen.shown.job_id,
        tuple(_events(job, seen, found, _uses(job, found, names, recorded), intent, at)),
        changes(found.components, job.components),
        found.unverified,
        tuple(_cautions(desired, job, seen.request)),
        found.documents,
    )


def _events(
    job: DesiredJob, seen: SeenJob, found: Likeness, uses: tuple[KeyUse, ...], intent: str, at: datetime
) -> Iterator[e.AnyEvent]:
    shown = seen.shown
    yield e.JobIntended(
        address=job.address,
        intent=intent,
        process=job.process,
        fingerprint=fingerprint(found.components),
        components=dict(found.components),
        trace=TraceDigests(),
        marked=False,
        body_sha256="",
        keys=uses,
        output=str(found.components["output"]),
        max_duration_s=int(job.max_duration.total_seconds()),
        decided=at,
        send_before=at,
    )
    yield e.Adopted(address=job.address, reason="imported", job_id=shown.job_id, intent=intent)
    yield e.JobObserved(
        address=job.address,
        job_id=shown.job_id,
        status=shown.status,
        looked=at,
        created=shown.created,
        started=shown.started,
        finished=shown.finished,
        failure=seen.failure.failure_class if seen.failure else None,
        failure_line=(seen.failure.line or None) if seen.failure else None,
    )
    if seen.results:
        yield e.ResultsListed(address=job.address, job_id=shown.job_id, results=seen.results, looked=at)


def _physical_keys(desired: Desired, recorded: Recorded) -> Mapping[str, KeyUse]:
    """Return which address each physical key that is known stands for."""
    eodata = KeyUse(address=key_address(EODATA), name=EODATA)
    existing = [
        KeyUse(address=key.address, name=key.fixed_name)
        for key in desired.keys.values()
        if key.existing and key.fixed_name
    ]
    made = [
        KeyUse(address=record.address, generation=generation.number, name=generation.name)
        for record in recorded.keys.values()
        for generation in record.generations.values()
    ]
    return {use.name: use for use in (eodata, *existing, *made)}


def _uses(job: DesiredJob, found: Likeness, names: Mapping[str, KeyUse], recorded: Recorded) -> tuple[KeyUse, ...]:
    """Return the keys that the job may read: those of its log, and where that shows none those of now."""
    shown = {use.address: use for name in found.keystores if (use := names.get(name))}
    for address in job.keys:
        record = recorded.keys.get(address)
        if address not in shown and record and (current := record.current):
            shown[address] = KeyUse(address=address, generation=current.number, name=current.name)
    return tuple(shown.values())


def _cautions(desired: Desired, job: DesiredJob, request: LoggedRequest | None) -> Iterator[str]:
    marks = request.marks if request else frozenset()
    if marks and all(mark != mark_for(mark.intent, desired.project, job.address) for mark in marks):
        yield "its mark says that eocanvas-apply launched it for another address or another project"
