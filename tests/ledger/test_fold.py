"""The fold takes facts in any order: shuffled after their claims they give the same record."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from tests.ledger.entries import INTENT, LISTED, OPENED, ORDER, RUN, at, entries, job_intended, key_intended


def folded(events: list[e.AnyEvent]) -> Recorded:
    recorded = Recorded()
    recorded.add(entries(events))
    return recorded


@st.composite
def run_facts(draw: st.DrawFn, address: str, intent: str, job_id: str) -> list[e.AnyEvent]:
    """What may be found out about one job, each piece possibly more than once."""
    seen = e.JobObserved(address=address, job_id=job_id, status="running", created=at(0), looked=at(3))
    end = draw(st.sampled_from(["successful", "failed", "dismissed"]))
    pool: list[e.AnyEvent] = [
        e.JobSubmitted(address=address, intent=intent, job_id=job_id, status="accepted", created=at(0)),
        e.Adopted(address=address, job_id=job_id, reason="found", intent=intent),
        e.PassObserved(address=address, job_id=job_id, begun=at(1), by_id=True),
        seen,
        e.PassObserved(address=address, job_id=job_id, begun=at(5), by_id=True),
        e.PassObserved(address=address, job_id=job_id, begun=at(30), by_id=True),
        replace(seen, status=end, finished=at(40), looked=at(41)),
        e.JobDismissed(address=address, job_id=job_id),
        e.ResultsListed(address=address, job_id=job_id, results=None, looked=at(41)),
        e.ResultsListed(address=address, job_id=job_id, results=(LISTED,), looked=at(42)),
        e.ResultStored(address=address, job_id=job_id, title=LISTED.title, file="r/a.nc", size=9, sha256="00"),
    ]
    return [pool[0], *draw(st.lists(st.sampled_from(pool)))]


@st.composite
def intent_facts(draw: st.DrawFn, address: str, intent: str) -> list[e.AnyEvent]:
    names: dict[str, Any] = {"address": address, "intent": intent}
    pool: list[e.AnyEvent] = [
        e.JobWithdrawn(**names, reason="not-sent"),
        e.JobRefused(**names, status=429, refusal="quota"),
        e.PassObserved(**names, begun=at(20)),
        e.PassObserved(**names, begun=at(25)),
        e.Resolved(**names, decision="launch"),
        e.QuotaClosed(until=at(60)),
        e.QuotaClosed(until=at(90)),
    ]
    facts = draw(st.lists(st.sampled_from(pool), unique=True))
    if draw(st.booleans()):
        facts += draw(run_facts(address, intent, f"job-{intent}"))
    return facts


@st.composite
def key_facts(draw: st.DrawFn, address: str, generation: int) -> list[e.AnyEvent]:
    names: dict[str, Any] = {"address": address, "generation": generation, "name": f"n{generation}"}
    pool: list[e.AnyEvent] = [
        e.KeyCreated(**names, intent="01"),
        e.KeyCreated(**names, intent="01", created=at(0), expires=at(60), end_known=True),
        e.KeyDeleted(**names),
        e.KeyAbandoned(**names, intent="01", reason="late"),
    ]
    return draw(st.lists(st.sampled_from(pool), unique=True))


@st.composite
def order_facts(draw: st.DrawFn, names: dict[str, Any]) -> list[e.AnyEvent]:
    answered = e.ProductOrdered(**names, state="ordered", download_id="65a0", ordered=at(1))
    answers: list[e.AnyEvent] = [
        answered,
        replace(answered, state="ready"),
        replace(answered, state="gone"),
    ]
    refused: list[e.AnyEvent] = [e.ProductOrdered(**names, state="refused", status=403, message="no")]
    pool: list[e.AnyEvent] = draw(st.sampled_from([answers, refused, [e.ProductOrdered(**names, state="not-sent")]]))
    closed = e.QuotaClosed(until=at(draw(st.integers(0, 60))), quota="orders")
    accepted = e.TermsAccepted(term="A_Licence", dataset_id=names["dataset_id"])
    return draw(st.lists(st.sampled_from([*pool, closed, accepted]), unique=True))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[e.AnyEvent], list[e.AnyEvent]]:
    """Claims in their order, and facts that follow them."""
    claims: list[e.AnyEvent] = [OPENED]
    facts: list[e.AnyEvent] = []
    for place in range(draw(st.integers(0, 4))):
        address = f"job.j{place % 2}"
        claims.append(job_intended(address, f"{place:032x}"))
        facts += draw(intent_facts(address, f"{place:032x}"))
    for generation in range(1, draw(st.integers(1, 3))):
        claims.append(key_intended("key.scenes", generation, f"n{generation}"))
        facts += draw(key_facts("key.scenes", generation))
    for place in range(draw(st.integers(0, 2))):
        names = {**ORDER, "order": f"{place:032x}"}
        claims.append(e.OrderIntended(**names, decided=at(place), send_before=at(place + 0.5)))
        facts += draw(order_facts(names))
    return claims, facts


@given(histories(), st.randoms(use_true_random=False))
def test_facts_fold_the_same_in_any_order(
    history: tuple[list[e.AnyEvent], list[e.AnyEvent]], chance: random.Random
) -> None:
    claims, facts = history
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert folded(claims + shuffled) == folded(claims + facts)


@given(histories())
def test_a_repeated_fact_changes_nothing(history: tuple[list[e.AnyEvent], list[e.AnyEvent]]) -> None:
    claims, facts = history
    once, twice = folded(claims + facts), folded(claims + facts + facts)
    twice.head = once.head
    assert once == twice


@given(histories(), st.integers(0, 40))
def test_folding_in_two_parts_equals_folding_once(history: tuple[list[e.AnyEvent], list[e.AnyEvent]], cut: int) -> None:
    everything = entries([*history[0], *history[1]])
    parts = Recorded()
    parts.add(everything[:cut])
    parts.add(everything[cut:])
    assert parts == folded([*history[0], *history[1]])


SUBMITTED = e.JobSubmitted(**INTENT, job_id="j-1", status="accepted")
WITHDRAWN = e.JobWithdrawn(**INTENT, reason="too-late")
REFUSED = e.JobRefused(**INTENT, status=400, refusal="request")
SAME = e.JobRefused(**INTENT, status=200, refusal="same-job", job_id="j-0")


@pytest.mark.parametrize(
    ("facts", "state", "given_up"),
    [
        ([], IntentState.OPEN, False),
        ([WITHDRAWN], IntentState.WITHDRAWN, True),
        ([e.JobAbandoned(**INTENT)], IntentState.ABANDONED, True),
        ([REFUSED], IntentState.REFUSED, True),
        ([SAME], IntentState.REFUSED, False),
        ([SAME, e.Resolved(**INTENT, decision="launch")], IntentState.REFUSED, True),
        ([SAME, e.Resolved(**INTENT, decision="adopt", job_id="j-0")], IntentState.SUBMITTED, False),
        ([SUBMITTED], IntentState.SUBMITTED, False),
        ([WITHDRAWN, SUBMITTED], IntentState.SUBMITTED, True),
        ([e.JobAbandoned(**INTENT), e.Adopted(address="job.subset", job_id="j-1", reason="found", intent="0f" * 16)],
         IntentState.SUBMITTED, True),
        ([REFUSED, SUBMITTED], IntentState.SUBMITTED, True),
    ],
)  # fmt: skip
def test_the_states_of_an_intent(facts: list[e.AnyEvent], state: IntentState, given_up: bool) -> None:
    intent = folded([job_intended(), *facts]).jobs["job.subset"].last_intent
    assert intent
    assert (intent.state, intent.given_up) == (state, given_up)


def test_a_final_status_never_changes() -> None:
    late = [e.JobObserved(**RUN, status=status) for status in ("successful", "running", "accepted")]
    assert folded([job_intended(), SUBMITTED, *late]).jobs["job.subset"].runs["j-1"].status == "successful"


def test_passes_before_a_job_was_seen_again_do_not_count() -> None:
    passes = [e.PassObserved(**RUN, begun=at(minute)) for minute in (1, 9)]
    seen = e.JobObserved(**RUN, status="running", looked=at(5))
    assert folded([job_intended(), SUBMITTED, *passes, seen]).jobs["job.subset"].runs["j-1"].missing == [at(9)]


def test_forgetting_and_launching_again_are_applied_in_order() -> None:
    forgotten = e.Forgotten(address="job.subset", reason="requested")
    assert folded([job_intended(), forgotten]).jobs["job.subset"].forgotten == "requested"
    assert folded([forgotten, job_intended()]).jobs["job.subset"].forgotten is None


@pytest.mark.parametrize(
    ("events", "open_", "live", "draining"),
    [
        ([], True, False, False),
        (["created"], False, True, False),
        (["abandoned"], False, False, False),
        (["abandoned", "created"], False, True, False),
        (["created", "drain"], False, True, True),
        (["created", "drain", "drain-ended"], False, True, False),
        (["created", "deleted"], False, False, False),
    ],
)
def test_the_life_of_a_generation(events: list[str], open_: bool, live: bool, draining: bool) -> None:
    names: dict[str, Any] = {"address": "key.scenes", "generation": 1, "name": "n"}
    known: dict[str, e.AnyEvent] = {
        "created": e.KeyCreated(**names, intent="01"),
        "abandoned": e.KeyAbandoned(**names, intent="01", reason="not-found"),
        "drain": e.KeyDrainIntended(**names),
        "drain-ended": e.KeyDrainEnded(**names),
        "deleted": e.KeyDeleted(**names),
    }
    record = folded([key_intended(name="n"), *(known[name] for name in events)]).keys["key.scenes"]
    found = record.generations[1]
    assert (found.open, found.live, found.draining) == (open_, live, draining)
    assert record.current is (found if live else None)
    assert record.latest is found


def test_the_states_of_an_order() -> None:
    intended = e.OrderIntended(**ORDER, decided=at(0), send_before=at(0.5))
    answered = e.ProductOrdered(**ORDER, state="ordered", download_id="65a0", ordered=at(0.1))
    ready, gone = (replace(answered, state=state) for state in ("ready", "gone"))
    (order,) = folded([intended, gone, answered, ready]).orders.values()
    assert (order.state, order.was_ready, order.download_id) == ("gone", True, "65a0")
    assert (order.identity, order.begun) == ((ORDER["dataset_id"], ORDER["product_id"]), at(0))
    (lost,) = folded([intended]).orders.values()
    assert lost.state is None


def test_the_quota_of_orders_closes_no_launch() -> None:
    recorded = folded([e.QuotaClosed(until=at(60), quota="orders"), e.QuotaClosed(until=at(30))])
    assert (recorded.orders_closed_until, recorded.quota_closed_until) == (at(60), at(30))
