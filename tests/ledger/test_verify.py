from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.verify import verify
from tests.ledger.entries import INTENT, OPENED, SAMPLES, at, entries, job_intended, key_intended

VALID = [
    *entries([OPENED]),
    *entries([key_intended(), job_intended()], after=1, batch="b2"),
    *entries(
        [
            e.JobObserved(address="job.subset", job_id="j-1", status="running"),
            e.JobSubmitted(**INTENT, job_id="j-1", status="accepted"),
            e.KeyCreated(address="key.scenes", generation=1, name="n", intent="01"),
        ],
        after=3,
        batch="b3",
    ),
]
Change = Callable[[list[Entry]], object]


def _event(place: int, event: e.AnyEvent) -> Change:
    return lambda found: found.__setitem__(place, replace(found[place], event=event))


FAULTS: dict[str, tuple[Change, str]] = {
    "no opening": (_event(0, e.QuotaClosed(until=at(1))), "entry 1: a ledger begins with ledger-opened"),
    "opened twice": (_event(3, OPENED), "entry 4: a ledger is opened once"),
    "line removed": (lambda found: found.pop(1), "entry 3: 2 is expected here"),
    "end of an append removed": (lambda found: found.pop(), "entry 5: the append has 3 events, 2 are here"),
    "appends interleaved": (
        lambda found: found.__setitem__(3, replace(found[3], batch="b1", of=1)),
        "entry 4: another append is inside this one",
    ),
    "launch without claim": (
        _event(2, e.QuotaClosed(until=at(1))),
        "entry 5: job-submitted without the intent before it",
    ),
    "claim of another job": (_event(2, job_intended("job.b")), "entry 5: job-submitted without the intent before it"),
    "key without claim": (_event(1, job_intended("job.b")), "entry 6: key-created without the intent before it"),
    "another generation": (
        _event(5, e.KeyDeleted(address="key.scenes", generation=2, name="n")),
        "entry 6: key-deleted without the intent before it",
    ),
    "job without launch": (
        _event(3, e.JobObserved(address="job.subset", job_id="j-9", status="running")),
        "entry 4: job-observed of a job without a launch",
    ),
    "job of another address": (
        _event(3, e.JobObserved(address="job.b", job_id="j-1", status="running")),
        "entry 4: job-observed of a job without a launch",
    ),
    "pass without intent": (
        _event(3, e.PassObserved(address="job.subset", intent="00", begun=at(1))),
        "entry 4: pass-observed without the intent before it",
    ),
    "adoption without intent": (
        _event(3, e.Adopted(address="job.subset", job_id="j-1", reason="found", intent="00")),
        "entry 4: adopted without the intent before it",
    ),
}


def test_a_valid_ledger_and_an_empty_one_have_no_faults() -> None:
    assert verify(VALID) == []
    assert verify([]) == []


@pytest.mark.parametrize("name", FAULTS)
def test_each_injected_fault_is_found(name: str) -> None:
    damage, message = FAULTS[name]
    found = list(VALID)
    damage(found)
    diagnostics = verify(found)
    assert message in [d.message for d in diagnostics]
    assert {d.code for d in diagnostics} == {"ledger-inconsistent"}
    assert all(d.hint for d in diagnostics)


def test_every_type_of_event_can_be_judged() -> None:
    assert [d.message for d in verify(entries(SAMPLES))] == []
