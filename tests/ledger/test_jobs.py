"""A job is finished when its last launch ended well and no other run may count instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from tests.ledger.entries import LISTED, at, entries, job_intended

NEVER, ALWAYS = at(-1), at(10_000)
ADDRESS = "job.subset"
INTENT: dict[str, Any] = {"address": ADDRESS, "intent": "0f" * 16}
RUN: dict[str, Any] = {"address": ADDRESS, "job_id": "j-1"}
SUBMITTED = e.JobSubmitted(**INTENT, job_id="j-1", status="accepted", created=at(1))
SUCCEEDED = e.JobObserved(**RUN, status="successful", created=at(1), finished=at(9))
FAILED = e.JobObserved(**RUN, status="failed", created=at(1), finished=at(9))
LISTING = e.ResultsListed(**RUN, results=(LISTED,), looked=at(10))
STORED = e.ResultStored(**RUN, title=LISTED.title, file="r/a.nc", size=9, sha256="00")
EXPLAINED = e.JobObserved(**RUN, status="failed", failure="graph", failure_line="Error: no")
NO_STAMP = e.JobSubmitted(**INTENT, job_id="j-1", status="accepted")
AT_KEY = ListedResult(title="keystore://k/a.nc", name="a.nc", at_key=True)
LISTED_AT_KEY = e.ResultsListed(**RUN, results=(AT_KEY,), looked=at(10))
DONE = (job_intended(), SUBMITTED, SUCCEEDED, LISTING, STORED)


def of(events: Sequence[e.AnyEvent]) -> Recorded:
    recorded = Recorded()
    recorded.add(entries(events))
    return recorded


def renamed(event: e.AnyEvent, letter: str) -> e.AnyEvent:
    """Return the same event about another job."""
    changes: Any = {"address": f"job.{letter}"} if getattr(event, "address", "").startswith("job.") else {}
    if getattr(event, "job_id", None):
        changes["job_id"] = f"j-{letter}"
    return replace(event, **changes)


RESOLVED_TWICE = e.Adopted(**RUN | {"job_id": "j-2"}, reason="found", intent=INTENT["intent"])
AGAIN = (
    job_intended(intent="ff"),
    e.JobSubmitted(address=ADDRESS, intent="ff", job_id="j-2", status="accepted", created=at(20)),
    e.JobObserved(address=ADDRESS, job_id="j-2", status="successful", finished=at(30)),
    e.ResultsListed(address=ADDRESS, job_id="j-2", results=(AT_KEY,), looked=at(31)),
)
FILE = ResultFile("r/a.nc", 9, "00")


@pytest.mark.parametrize(
    ("events", "files"),
    [
        (DONE, (FILE,)),
        (DONE[:4], None),
        (DONE[:3], None),
        ((*DONE[:3], LISTED_AT_KEY), ()),
        ((*DONE[:2], FAILED, EXPLAINED), None),
        ((*DONE[:2], FAILED, EXPLAINED, *AGAIN), ()),
        ((*DONE, *AGAIN), ()),
        ((*DONE, *AGAIN[:1]), None),
        ((*DONE, AGAIN[0], e.JobWithdrawn(address=ADDRESS, intent="ff", reason="too-late")), None),
        ((DONE[0], e.JobAbandoned(**INTENT), *AGAIN), ()),
        ((DONE[0], e.JobAbandoned(**INTENT), *AGAIN, SUBMITTED), None),
        ((*DONE, RESOLVED_TWICE), None),
        ((*DONE, e.Forgotten(address=ADDRESS, reason="requested")), None),
        (DONE[1:], None),
    ],
)
def test_a_job_is_finished_when_its_last_launch_succeeded_and_no_other_run_may_count(
    events: Sequence[e.AnyEvent], files: tuple[ResultFile, ...] | None
) -> None:
    record = of(events).jobs[ADDRESS]
    run = record.finished
    assert (tuple(run.stored.values()) if run else None) == files
    if run and record.last_intent:
        assert run.job_id == record.last_intent.job_id


def test_a_record_names_its_last_launch() -> None:
    assert of(DONE).jobs[ADDRESS].fingerprint == job_intended().fingerprint
    assert of(DONE[1:]).jobs[ADDRESS].fingerprint is None
