"""Regions that are as large as one with which a job of this project was killed, for time or memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.documents.wkt import bounds
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.plan import PlannedAction


@dataclass(frozen=True, slots=True)
class _Killed:
    """A job that was killed, and the area of its region in square degrees."""

    job_id: str
    area: float


def killed_regions(desired: Desired, recorded: Recorded, actions: Iterable[PlannedAction]) -> Iterator[Diagnostic]:
    """Yield, for each graph, that regions of jobs to launch are no smaller than one that was too large for it."""
    killed = _smallest_killed(recorded)
    too_large: dict[str, list[str]] = {}
    for action in actions if killed else ():
        job = desired.jobs.get(action.address)
        if job is None or action.action not in LAUNCHES:
            continue
        before = killed.get(job.components.get(DOCUMENT))
        if before and _area(job.components) >= before.area:
            too_large.setdefault(str(job.components[DOCUMENT]), []).append(action.address)
    for digest, addresses in too_large.items():
        more = f" and of {len(addresses) - 1} more jobs" if addresses[1:] else ""
        message = f"the region of this job{more} is no smaller than one with which {killed[digest].job_id} was killed"
        hint = "the service kills a job after an hour, or when memory runs out; a smaller region helps"
        yield warning("region-killed-before", message, hint, address=addresses[0])


def _smallest_killed(recorded: Recorded) -> Mapping[Any, _Killed]:
    """Return the smallest region that was killed, by the digest of its graph."""
    found: dict[Any, _Killed] = {}
    for record in recorded.jobs.values():
        for run in record.runs.values():
            intent = record.intents.get(run.intent or "")
            if run.failure != "killed" or intent is None or intent.intended is None:
                continue
            components = intent.intended.components
            digest, area = components.get(DOCUMENT), _area(components)
            if area and (digest not in found or area < found[digest].area):
                found[digest] = _Killed(run.job_id, area)
    return found


def _area(components: Mapping[str, Any]) -> float:
    """Return the area of the largest box around a geometry among the params; 0 without one."""
    params = components.get("params")
    boxes = [box for text in (params.values() if isinstance(params, dict) else ()) if (box := bounds(str(text)))]
    return max(((east - west) * (north - south) for west, south, east, north in boxes), default=0.0)
