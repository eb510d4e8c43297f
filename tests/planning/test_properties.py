"""What holds for every plan, whatever happened before."""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind
from eocanvas_apply.planning.keys.comparison import sealed_otherwise
from eocanvas_apply.planning.keys.needs import end_of, granted_life, need_of
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.planning.state.reconciling import Evidence
from eocanvas_apply.planning.state.runs import occupancy
from eocanvas_apply.planning.tasks import CreateKey, DeleteKey, DismissJob, LaunchJob
from tests.planning.scene import Scene
from tests.planning.worlds import ENDED, JOBS, KEYS, REQUESTS, JobPlot, KeyPlot, world

WORLDS = st.builds(world, KEYS, JOBS, st.sampled_from([True, True, False]))
every = settings(max_examples=100, deadline=None)


def noted(scene: Scene) -> Recorded:
    recorded, observed = scene.recorded, scene.observed
    recorded.note(notes(scene.desired, recorded, observed))
    return recorded


@every
@given(WORLDS, REQUESTS)
def test_planning_is_deterministic_and_changes_nothing(scene: Scene, requests: Requests) -> None:
    desired, recorded, observed = scene.desired, noted(scene), scene.observed
    before = copy.deepcopy((desired, recorded, observed))
    first = plan(desired, requests, recorded, observed)
    assert (desired, recorded, observed) == before
    assert first == plan(desired, requests, recorded, observed)


@every
@given(WORLDS, REQUESTS)
def test_notes_are_facts_that_are_noted_once(scene: Scene, requests: Requests) -> None:
    recorded = scene.recorded
    for _ in range(3):
        recorded.note(notes(scene.desired, recorded, scene.observed))
    assert notes(scene.desired, recorded, scene.observed) == []


@every
@given(WORLDS, REQUESTS)
def test_every_action_has_a_reason_of_the_closed_set(scene: Scene, requests: Requests) -> None:
    for action in scene.plan(requests).actions:
        assert (action.row.action, action.row.reason) == (action.action, action.reason)


@every
@given(WORLDS, REQUESTS)
def test_every_address_has_one_action(scene: Scene, requests: Requests) -> None:
    recorded, found = noted(scene), scene.plan(requests)
    counts = Counter(action.address for action in found.actions)
    assert set(counts.values()) <= {1}
    wanted = set() if requests.destroy else {*scene.desired.keys, *scene.desired.jobs}
    known = {record.address for record in recorded.jobs.values() if not record.forgotten}
    living = {record.address for record in recorded.keys.values() if record.current}
    assert wanted | known | living <= counts.keys()
    old = counts.keys() - wanted - known - living
    assert all(address.startswith("key.") for address in old)


@every
@given(WORLDS, REQUESTS)
def test_depends_on_names_addresses_of_the_plan(scene: Scene, requests: Requests) -> None:
    found = scene.plan(requests)
    assert {name for action in found.actions for name in action.depends_on} <= found.by_address().keys()


@every
@given(WORLDS, REQUESTS)
def test_no_launch_is_ready_with_a_key_that_is_not_usable(scene: Scene, requests: Requests) -> None:
    recorded, found = noted(scene), scene.plan(requests)
    for action in found.actions:
        if action.action in LAUNCHES and action.ready(found.created):
            for address in scene.desired.jobs[action.address].keys:
                key = found.by_address()[address]
                assert (key.action, key.reason) == (ActionKind.NONE, Reason.UNCHANGED)
                current = recorded.keys[address].current
                assert current is not None
                assert not current.draining
                seen = scene.keys.get(current.name)
                end, need = end_of(current, seen), need_of(timedelta(hours=2), granted_life(current, seen))
                assert end is not None
                assert end - scene.at >= need


@every
@given(WORLDS, REQUESTS)
def test_no_generation_in_use_is_deleted(scene: Scene, requests: Requests) -> None:
    recorded = noted(scene)
    evidence = Evidence.of("baltic", scene.desired.timing, recorded, scene.observed)
    occupied = occupancy(recorded, evidence)
    for action in scene.plan(requests).actions:
        if isinstance(action.task, DeleteKey) and action.task.name in scene.keys:
            intended = recorded.keys[action.task.key].generations[action.task.generation].intended
            in_use = occupied.recent if intended and intended.fixed else occupied.in_use
            assert (action.task.key, action.task.generation) not in in_use


@every
@given(st.builds(world, KEYS, ENDED))
def test_no_key_that_is_not_needed_stays_with_other_values_than_those_of_the_manifest(scene: Scene) -> None:
    recorded, found = noted(scene), scene.plan().by_address()
    for key in scene.desired.keys.values():
        current = recorded.keys[key.address].current
        if current and found[key.address].reason is Reason.NOT_NEEDED and current.name in scene.keys:
            assert sealed_otherwise(key, current, scene.observed) is None


@every
@given(st.builds(world, KEYS, ENDED), REQUESTS)
def test_no_key_is_deleted_for_its_values_while_an_unfinished_job_names_it(scene: Scene, requests: Requests) -> None:
    found, jobs = scene.plan(requests), scene.desired.jobs
    unfinished = [jobs[a.address] for a in found.actions if a.row.wanted and a.address in jobs]
    named = {key for job in unfinished for key in job.keys}
    for action in found.actions:
        if (action.action, action.reason) == (ActionKind.DELETE, Reason.CONFIG_CHANGED):
            assert action.address not in named
            assert not scene.desired.keys[action.address].keep


@every
@given(WORLDS, REQUESTS)
def test_no_job_is_launched_while_another_of_it_may_run(scene: Scene, requests: Requests) -> None:
    recorded = noted(scene)
    evidence = Evidence.of("baltic", scene.desired.timing, recorded, scene.observed)
    for action in scene.plan(requests).actions:
        record = recorded.jobs.get(action.address)
        if isinstance(action.task, LaunchJob) and record:
            open_ones = [i for i in record.intents.values() if i.state == "open" and i.id != action.task.abandons]
            assert not open_ones
            given_up = record.intents.get(action.task.abandons or "")
            on_doubt = scene.desired.jobs[action.address].launch_on_doubt
            assert given_up is None or on_doubt or not evidence.may_run(given_up)


@every
@given(WORLDS, REQUESTS)
def test_a_new_generation_follows_all_others(scene: Scene, requests: Requests) -> None:
    recorded = noted(scene)
    for action in scene.plan(requests).actions:
        if isinstance(action.task, CreateKey):
            latest = recorded.keys[action.address].latest
            assert latest is not None
            assert action.task.generation == latest.number + 1


@every
@given(WORLDS)
def test_destroy_creates_nothing(scene: Scene) -> None:
    for action in scene.plan(Requests(destroy=True)).actions:
        assert action.action not in {*LAUNCHES, ActionKind.CREATE, ActionKind.RENEW, ActionKind.REPLACE}
        assert isinstance(action.task, DismissJob) or action.action is not ActionKind.DISMISS


@every
@given(WORLDS, REQUESTS, st.integers(1, 10_000))
def test_the_plan_id_does_not_depend_on_when_the_plan_was_made(scene: Scene, requests: Requests, seconds: int) -> None:
    found = scene.plan(requests)
    assert replace(found, created=found.created + timedelta(seconds=seconds)).plan_id == found.plan_id


@every
@given(WORLDS, REQUESTS)
def test_no_plan_holds_a_secrets_fingerprint(scene: Scene, requests: Requests) -> None:
    assert "scrypt:" not in json.dumps([repr(a.changes) for a in scene.plan(requests).actions])


@every
@given(st.data())
def test_the_order_in_which_the_ledger_names_addresses_does_not_matter(data: st.DataObject) -> None:
    keys = data.draw(KEYS)
    jobs = data.draw(JOBS)
    scene = world(keys, jobs)
    by_address = {event.address: [] for event in scene.events if hasattr(event, "address")}  # type: ignore[var-annotated]
    for event in scene.events:
        by_address[event.address].append(event)  # type: ignore[union-attr]
    shuffled = copy.copy(scene)
    order = data.draw(st.permutations(sorted(by_address)))
    shuffled.events = [event for address in order for event in by_address[address]]
    assert _said(scene.plan()) == _said(shuffled.plan())


def _said(found: Plan) -> set[tuple[str, str, str]]:
    return {(a.address, a.action, a.reason) for a in found.actions}


def test_a_settled_launch_is_abandoned_by_the_next_one() -> None:
    plot = JobPlot("settled-twice", "nothing", False, False, False, True, "ask")
    scene = world([KeyPlot("live", False, False, False)], [plot])
    task = scene.action("job.j0").task
    assert isinstance(task, LaunchJob)
    assert task.abandons is not None
