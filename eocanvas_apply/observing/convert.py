"""From the wire's values to what planning compares."""

from __future__ import annotations

from collections.abc import Sequence

from eocanvas_apply.ledger.events import ListedResult
from eocanvas_apply.planning.state.observed import ObservedJob, ObservedKey
from eocanvas_apply.service.wire import JobInfo, KeyInfo, ResultInfo


def key(info: KeyInfo) -> ObservedKey:
    """Return a key with its end, and whether that end is known at all."""
    return ObservedKey(
        name=info.name,
        storage=info.type,
        public=info.public,
        description=info.description,
        created=info.created,
        expires=info.ends,
        end_known=info.end_known,
    )


def job(info: JobInfo) -> ObservedJob:
    """Return a job without what planning does not ask."""
    return ObservedJob(info.job_id, info.process, info.status, info.created, info.started, info.finished)


def listing(results: Sequence[ResultInfo] | None) -> tuple[ListedResult, ...] | None:
    """Return the listed results, None where the service had none yet."""
    if results is None:
        return None
    return tuple(ListedResult(title=r.title or r.href, name=r.name, at_key=r.at_key) for r in results)
