"""What a move makes of the record: one event renames a key, a job or a campaign in all that is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import KeyUse, fingerprint
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.verify import verify
from tests.ledger.entries import OPENED, SAMPLES, entries, job_intended

KEY = next(event for event in SAMPLES if isinstance(event, e.KeyIntended))
MADE = next(event for event in SAMPLES if isinstance(event, e.KeyCreated))


def key(address: str = "key.scenes", generation: int = 1, name: str = "demo-1") -> list[e.AnyEvent]:
    intended = replace(KEY, address=address, generation=generation, name=name)
    return [intended, replace(MADE, address=address, generation=generation, name=name)]


def launch(
    address: str, intent: str, components: dict[str, Any] | None = None, key: str = "key.scenes"
) -> e.JobIntended:
    made: dict[str, Any] = components or {"inputs": {"img1": {"key": key, "path": "/a.zip"}}, "output": key}
    intended = replace(job_intended(address, intent), components=made, fingerprint=fingerprint(made), output=key)
    return replace(intended, keys=(KeyUse(address=key, generation=1, name="demo-1"),))


def given_result(address: str, of: str) -> dict[str, Any]:
    """The components of a job that is given the result of another one, which has this fingerprint."""
    return {"inputs": {"img1": {"result": address, "fingerprint": of}}, "output": "download"}


def submitted(address: str, intent: str, job_id: str) -> e.JobSubmitted:
    return e.JobSubmitted(address=address, intent=intent, job_id=job_id, status="accepted")


def folded(*events: e.AnyEvent) -> Recorded:
    recorded = Recorded()
    recorded.add(entries([OPENED, *events]))
    return recorded


def test_a_renamed_key_is_renamed_in_every_launch_and_in_what_follows_from_its_fingerprint() -> None:
    first = launch("job.a", "1" * 32)
    after: dict[str, Any] = {
        "inputs": {"img1": {"result": "job.a", "fingerprint": first.fingerprint}},
        "output": "download",
    }
    recorded = folded(
        *key(), first, launch("job.b", "2" * 32, after, "download"), e.Moved(address="key.scenes", to="key.images")
    )
    assert list(recorded.keys) == [recorded.keys["key.images"].address] == ["key.images"]
    now = launch("job.a", "1" * 32, key="key.images")
    [intent] = recorded.jobs["job.a"].intents.values()
    assert intent.intended == now
    [following] = recorded.jobs["job.b"].intents.values()
    assert following.intended
    expected: dict[str, Any] = {
        "inputs": {"img1": {"result": "job.a", "fingerprint": now.fingerprint}},
        "output": "download",
    }
    assert following.intended.components == expected
    assert following.intended.fingerprint == fingerprint(expected)


def test_a_campaign_takes_its_instances_along_and_what_is_given_their_results() -> None:
    result: dict[str, Any] = {
        "inputs": {"img1": {"result": 'job.tiles["a"]', "fingerprint": "sha256:1"}},
        "output": "download",
    }
    recorded = folded(
        launch('job.tiles["a"]', "1" * 32),
        submitted('job.tiles["a"]', "1" * 32, "j-1"),
        launch('job.tiles["b"]', "2" * 32),
        launch("job.tilesets", "3" * 32, result),
        e.Moved(address="job.tiles", to="job.squares"),
    )
    assert sorted(recorded.jobs) == ['job.squares["a"]', 'job.squares["b"]', "job.tilesets"]
    assert recorded.owner_of == {"j-1": 'job.squares["a"]'}
    [intent] = recorded.jobs["job.tilesets"].intents.values()
    assert intent.intended
    assert intent.intended.components["inputs"]["img1"]["result"] == 'job.squares["a"]'
    # The mark in its log was made of the old address.
    [moved] = recorded.jobs['job.squares["a"]'].intents.values()
    assert moved.intended
    assert moved.intended.address == 'job.tiles["a"]'


def test_facts_about_what_began_before_a_move_belong_to_it_after_that() -> None:
    recorded = folded(
        *key()[:1],
        launch("job.a", "1" * 32),
        e.Moved(address="job.a", to="job.b"),
        e.Moved(address="key.scenes", to="key.images"),
        e.Moved(address="job.b", to="job.c"),
        key()[1],
        submitted("job.a", "1" * 32, "j-1"),
        e.JobObserved(address="job.b", job_id="j-1", status="running"),
        e.PassObserved(address="job.a", job_id="j-1", begun=KEY.send_before),
    )
    assert list(recorded.jobs) == ["job.c"]
    assert recorded.jobs["job.c"].runs["j-1"].status == "running"
    assert list(recorded.keys) == ["key.images"]
    assert recorded.keys["key.images"].current


def test_an_address_is_used_again_for_something_else() -> None:
    recorded = folded(
        launch("job.a", "1" * 32),
        e.Moved(address="job.a", to="job.b"),
        launch("job.a", "2" * 32),
        submitted("job.a", "2" * 32, "j-2"),
        submitted("job.a", "1" * 32, "j-1"),
    )
    assert {address: list(job.runs) for address, job in recorded.jobs.items()} == {"job.b": ["j-1"], "job.a": ["j-2"]}


def test_a_move_there_and_back_leaves_what_was() -> None:
    before = folded(*key(), launch("job.a", "1" * 32))
    after = folded(
        *key(),
        launch("job.a", "1" * 32),
        e.Moved(address="job.a", to="job.b"),
        e.Moved(address="key.scenes", to="key.x"),
        e.Moved(address="key.x", to="key.scenes"),
        e.Moved(address="job.b", to="job.a"),
    )
    assert (after.keys, after.jobs) == (before.keys, before.jobs)
    assert after.is_now_at("job.a") == "job.a"


def test_moves_that_lead_in_a_circle_end() -> None:
    recorded = folded(
        launch('job.a["x"]', "1" * 32),
        e.Moved(address="job.a", to="job.b"),
        e.Moved(address='job.b["x"]', to='job.a["x"]'),
        submitted('job.a["x"]', "1" * 32, "j-1"),
    )
    assert list(recorded.jobs['job.a["x"]'].runs) == ["j-1"]


def test_a_place_where_something_is_is_not_taken() -> None:
    events = [*key(), *key("key.images", name="demo-2"), launch("job.a", "1" * 32), launch("job.b", "2" * 32)]
    taken = folded(*events, e.Moved(address="key.scenes", to="key.images"), e.Moved(address="job.a", to="job.b"))
    assert (taken.keys, taken.jobs) == (folded(*events).keys, folded(*events).jobs)
    gone = e.KeyDeleted(address="key.images", generation=1, name="demo-2")
    free = folded(
        *events,
        gone,
        e.Forgotten(address="job.b", reason="requested"),
        e.Moved(address="key.scenes", to="key.images"),
        e.Moved(address="job.a", to="job.b"),
    )
    assert [each.name for each in free.keys["key.images"].generations.values()] == ["demo-1"]
    # What the forgotten job was stays known; the one that moved is the last.
    assert list(free.jobs["job.b"].intents) == ["2" * 32, "1" * 32]
    assert free.jobs["job.b"].forgotten is None


@pytest.mark.parametrize(
    ("pattern", "after"),
    [("job.a", "job.b"), ("a", "b"), ("job.a/x*", "job.b/x*"), ('job.a["x"]', 'job.b["x"]'), ("job.a*", "job.b")],
)
def test_a_protection_follows(pattern: str, after: str) -> None:
    before = e.Protected(pattern=pattern), launch("job.a", "1" * 32)
    assert folded(*before, e.Moved(address="job.a", to="job.b")).protected == {pattern, after}


def test_inputs_of_other_processes_are_the_users_own() -> None:
    made: dict[str, Any] = {"inputs": {"x": {"key": "key.scenes"}}, "output": "download"}
    other = replace(launch("job.a", "1" * 32, made, "download"), process="echo", keys=())
    recorded = folded(*key(), other, e.Moved(address="key.scenes", to="key.images"))
    [intent] = recorded.jobs["job.a"].intents.values()
    assert intent.intended == other


def test_a_ledger_with_moves_is_sound() -> None:
    events: list[e.AnyEvent] = [
        OPENED,
        *key(),
        launch("job.a", "1" * 32),
        submitted("job.a", "1" * 32, "j-1"),
        e.Moved(address="key.scenes", to="key.images"),
        e.Moved(address="job.a", to="job.b"),
        e.KeyDeleted(address="key.images", generation=1, name="demo-1"),
        e.JobObserved(address="job.b", job_id="j-1", status="successful"),
        e.JobObserved(address="job.a", job_id="j-1", status="successful"),
    ]
    assert verify(entries(events)) == []
    assert verify(entries([*events, e.KeyDeleted(address="key.other", generation=1, name="demo-1")]))
