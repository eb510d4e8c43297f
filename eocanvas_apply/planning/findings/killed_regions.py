"""Regions that are as large as one with which a job of this project was killed, for time or memory.

Graphs and chains that differ in nothing but their region do the same work, wherever the region stands: in params, in
the graph's own text, or as the roi of a chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.documents.geometries.regions import Box
from eocanvas_apply.documents.graph import filled_text
from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.graphs_and_chains import Document
from eocanvas_apply.planning.actions import LAUNCHES
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.plan import PlannedAction


class _Killed(Struct, frozen=True):
    """A job that was killed, and the area of its region in square degrees."""

    job_id: str
    area: float


def killed_regions(desired: Desired, recorded: Recorded, actions: Iterable[PlannedAction]) -> Iterator[Diagnostic]:
    """Yield, for each graph or chain, that regions of jobs to launch are no smaller than one too large for it."""
    killed = _smallest_killed(desired, recorded)
    too_large: dict[str, list[str]] = {}
    for action in actions if killed else ():
        job = desired.jobs.get(action.address)
        if job is None or job.document is None or action.action not in LAUNCHES:
            continue
        before = killed.get(job.document.regions.rest)
        if before and (box := job.region) and box.area >= before.area:
            too_large.setdefault(job.document.regions.rest, []).append(action.address)
    for rest, addresses in too_large.items():
        others = len(addresses) - 1
        more = f" and of {others} more job{'s'[: others - 1]}" if others else ""
        message = f"the region of this job{more} is no smaller than one with which {killed[rest].job_id} was killed"
        hint = "the service kills a job after an hour, or when memory runs out; a smaller region helps"
        yield warning("region-killed-before", message, hint, address=addresses[0])


def _smallest_killed(desired: Desired, recorded: Recorded) -> Mapping[str, _Killed]:
    """Return the smallest region that was killed, by the digest of its graph or chain without regions."""
    killed = list(_killed(recorded))
    documents: dict[object, Document] = {}
    if any(intended.region is None for _, intended in killed):
        documents = {job.document.digest: job.document for job in desired.jobs.values() if job.document}
    found: dict[str, _Killed] = {}
    for job_id, intended in killed:
        rest, box = _recorded_region(intended, documents)
        # A point has no size that the killed job could have been too large by.
        if box and box.area and (rest not in found or box.area < found[rest].area):
            found[rest] = _Killed(job_id, box.area)
    return found


def _killed(recorded: Recorded) -> Iterator[tuple[str, JobIntended]]:
    for record in recorded.jobs.values():
        for run in record.runs.values():
            intent = record.intents.get(run.intent or "")
            if run.failure == "killed" and intent and intent.intended:
                yield run.job_id, intent.intended


def _recorded_region(intended: JobIntended, documents: Mapping[object, Document]) -> tuple[str, Box | None]:
    if intended.region:
        return intended.region.document, Box(*intended.region.box)
    # Earlier releases recorded no region: it is seen where the manifest still has the same graph or chain.
    document, params = documents.get(intended.components.get(DOCUMENT)), intended.components.get("params")
    if document is None or not isinstance(params, dict):
        return "", None
    given = {name: str(value) for name, value in params.items()}
    return document.regions.rest, document.regions.largest(lambda text: filled_text(text, given))
