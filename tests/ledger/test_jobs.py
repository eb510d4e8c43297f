"""A table that packs jobs away folds to the same record as one that keeps them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.job_table import Finished, Jobs, StoredFile, finished, settled
from eocanvas_apply.ledger.fold.recorded import Recorded
from tests.ledger.entries import LISTED, SAMPLES, at, entries, job_intended

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
AT_KEY = e.ListedResult(title="keystore://k/a.nc", name="a.nc", at_key=True)
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


histories = st.lists(
    st.builds(renamed, st.sampled_from((*SAMPLES, *DONE, FAILED)), st.sampled_from("abc")), max_size=25
)


@given(histories, st.integers(1, 5), st.sampled_from([NEVER, at(5), ALWAYS]))
def test_packing_between_any_two_events_changes_nothing(events: list[e.AnyEvent], every: int, since: datetime) -> None:
    recorded = Recorded()
    for number, entry in enumerate(entries(events)):
        recorded.add([entry])
        if number % every == 0:
            recorded.jobs.pack(since)
    plain = of(events)
    assert list(recorded.jobs.items()) == list(plain.jobs.items())
    assert list(recorded.runs()) == list(plain.runs())
    assert [recorded.jobs.finished(each) for each in plain.jobs] == [finished(each) for each in plain.jobs.values()]
    assert recorded.owner_of == plain.owner_of


@given(histories)
def test_all_that_something_is_open_about_stays_in_sight(events: list[e.AnyEvent]) -> None:
    recorded = of(events)
    recorded.jobs.pack(ALWAYS)
    in_sight = {record.address for record in recorded.jobs.unsettled()}
    assert in_sight == {address for address, record in recorded.jobs.items() if not settled(record, ALWAYS)}
    assert {record.address for record, run in recorded.runs() if run.in_flight} <= in_sight
    assert {record.address for record, _ in recorded.unsettled_intents()} <= in_sight
    assert {record.address for record, _ in recorded.unsettled_runs()} <= in_sight


@pytest.mark.parametrize(
    ("events", "over"),
    [
        (DONE, True),
        (DONE[:1], False),
        (DONE[:2], False),
        (DONE[:3], False),
        (DONE[:4], True),
        ((*DONE[:2], FAILED), False),
        ((*DONE[:2], FAILED, EXPLAINED), True),
        ((*DONE[:1], NO_STAMP, replace(SUCCEEDED, created=None), *DONE[3:]), False),
        ((*DONE[:3], LISTED_AT_KEY), True),
        ((*DONE[:3], e.ResultsListed(**RUN, results=None, looked=at(10))), False),
        ((*DONE, e.Forgotten(address=ADDRESS, reason="requested")), True),
        ((SUBMITTED, *DONE[2:]), False),
        ((job_intended(), e.JobAbandoned(**INTENT)), True),
        ((*DONE, job_intended(intent="ff")), False),
    ],
)
def test_a_job_is_over_when_nothing_is_open_about_it(events: Sequence[e.AnyEvent], over: bool) -> None:
    assert settled(of(events).jobs[ADDRESS], at(5)) is over


def test_a_launch_given_up_lately_may_turn_up() -> None:
    record = of((job_intended(), e.JobAbandoned(**INTENT))).jobs[ADDRESS]
    assert settled(record, at(0))
    assert not settled(record, at(-0.1))


def packed_table() -> Jobs:
    jobs = of([renamed(event, letter) for letter in "ab" for event in DONE]).jobs
    jobs.pack(ALWAYS)
    assert jobs.unsettled() == []
    return jobs


def test_who_only_looks_gets_a_copy_and_who_changes_the_record_itself() -> None:
    jobs = packed_table()
    copy = jobs["job.a"]
    copy.forgotten = "requested"
    assert jobs["job.a"] != copy
    jobs.to_change("job.a").forgotten = "requested"
    assert jobs["job.a"] == copy
    assert [record.address for record in jobs.unsettled()] == ["job.a"]
    assert list(jobs) == ["job.a", "job.b"]
    jobs.pack(ALWAYS)
    assert jobs.unsettled() == []
    assert jobs["job.a"] == copy


def test_it_is_a_mapping_like_any_other() -> None:
    jobs = packed_table()
    new = jobs.to_change("job.c")
    assert new == JobRecord("job.c")
    assert jobs.to_change("job.c") is new
    assert "job.a" in jobs
    assert "job.z" not in jobs
    assert jobs.get("job.z") is None
    assert jobs.finished("job.z") is None
    assert (len(jobs), list(jobs)) == (3, ["job.a", "job.b", "job.c"])


def test_who_asks_for_young_jobs_sees_none_that_are_old() -> None:
    jobs = packed_table()
    assert list(jobs.created_after(at(1))) == []
    assert [record.address for record in jobs.created_after(at(0.9))] == ["job.a", "job.b"]
    jobs.to_change("job.b")
    assert [record.address for record in jobs.created_after(at(1))] == ["job.b"]


RESOLVED_TWICE = e.Adopted(**RUN | {"job_id": "j-2"}, reason="found", intent=INTENT["intent"])
AGAIN = (
    job_intended(intent="ff"),
    e.JobSubmitted(address=ADDRESS, intent="ff", job_id="j-2", status="accepted", created=at(20)),
    e.JobObserved(address=ADDRESS, job_id="j-2", status="successful", finished=at(30)),
    e.ResultsListed(address=ADDRESS, job_id="j-2", results=(AT_KEY,), looked=at(31)),
)
FILE = StoredFile("r/a.nc", 9, "00", None)


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
def test_a_job_is_finished_when_its_last_launch_ended_well_and_nothing_may_count_instead(
    events: Sequence[e.AnyEvent], files: tuple[StoredFile, ...] | None
) -> None:
    jobs = of(events).jobs
    last = jobs[ADDRESS].last_intent
    expected = Finished(job_intended().fingerprint, last.job_id or "", files) if files is not None and last else None
    assert jobs.finished(ADDRESS) == expected
    jobs.pack(ALWAYS)
    assert jobs.finished(ADDRESS) == expected


def test_a_packed_record_is_much_smaller() -> None:
    jobs = packed_table()
    contents = [packed.content for _, packed in jobs.contents()]
    assert max(map(len, contents)) < 300
