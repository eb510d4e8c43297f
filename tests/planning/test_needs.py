"""Which keys must live, how long, and when the rest of a life is too short."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.keys.needs import end_of, expires_soon, granted_life, need_of, needed_keys
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, ONE_OF_EACH, SCENES, SECOND, WEEK, Scene

_A, _R = ActionKind, Reason


def needed(*actions: tuple[ActionKind, Reason], manifest: str = ONE_OF_EACH) -> dict[str, timedelta]:
    planned = [PlannedAction.of("job.subset", *action) for action in actions]
    return dict(needed_keys(Scene(manifest).desired, planned, Requests()))


@pytest.mark.parametrize(
    ("action", "reason", "is_needed"),
    [
        (_A.LAUNCH, _R.NEW, True),
        (_A.RELAUNCH, _R.INPUT_CHANGED, True),
        (_A.WATCH, _R.IN_FLIGHT, True),
        (_A.WATCH, _R.ANSWER_OPEN, True),
        (_A.FETCH, _R.RESULTS_PENDING, True),
        (_A.ADOPT, _R.RETURNED, True),
        (_A.ASK, _R.AMBIGUOUS, True),
        (_A.DISMISS, _R.DUPLICATED, True),
        (_A.NONE, _R.WAITS_FOR, True),
        (_A.NONE, _R.HELD_CANARY, True),
        (_A.NONE, _R.HELD_STOPPED, True),
        (_A.NONE, _R.HELD_BUDGET, True),
        (_A.NONE, _R.DONE, False),
        (_A.NONE, _R.FAILED, False),
        (_A.NONE, _R.NO_RESULT, False),
        (_A.NONE, _R.CANCELLED, False),
        (_A.NONE, _R.KEPT, False),
        (_A.NONE, _R.SKIPPED, False),
    ],
)
def test_a_key_is_needed_while_an_unfinished_job_names_it(action: ActionKind, reason: Reason, is_needed: bool) -> None:
    assert needed((action, reason)) == ({"key.scenes": 2 * HOUR} if is_needed else {})


def test_the_longest_job_counts() -> None:
    manifest = (
        ONE_OF_EACH
        + "    max_duration: 1h\n"
        + "  long: {graph: graph.xml, max_duration: 9h, inputs: {img1: {key: scenes, path: /b}}}\n"
    )
    launches = [PlannedAction.of(f"job.{name}", _A.LAUNCH, _R.NEW) for name in ("long", "subset")]
    assert needed_keys(Scene(manifest).desired, launches, Requests()) == {"key.scenes": 9 * HOUR}


def test_a_key_that_no_job_names_or_that_is_kept_is_needed() -> None:
    assert needed(manifest=HEAD + SCENES) == {"key.scenes": timedelta()}
    kept = ONE_OF_EACH.replace("    type: s3\n", "    type: s3\n    keep: true\n")
    assert needed((_A.NONE, _R.DONE), manifest=kept) == {"key.scenes": timedelta()}


def test_an_existing_key_is_needed_only_for_a_launch() -> None:
    existing = ONE_OF_EACH.replace(SCENES, "keys:\n  scenes: {type: existing, name: anns, storage: s3}\n")
    assert needed((_A.WATCH, _R.IN_FLIGHT), manifest=existing) == {}
    assert needed((_A.LAUNCH, _R.NEW), manifest=existing) == {"key.scenes": 2 * HOUR}


@pytest.mark.parametrize(("job", "granted", "need"), [(2, 24, 2), (2, 4, 2), (2, 3, 1.5), (2, 1, 0.5), (0, 24, 0)])
def test_need_is_the_job_or_half_the_life(job: float, granted: float, need: float) -> None:
    assert need_of(job * HOUR, granted * HOUR) == need * HOUR


def generation(life: timedelta, *, known: bool = True, made_known: bool = True) -> Scene:
    scene = Scene()
    intended = scene.intend_key("scenes", send_before=AT)
    scene.events.append(
        e.KeyCreated(
            address=intended.address,
            generation=1,
            name=intended.name,
            intent=intended.intent,
            created=AT if made_known else None,
            expires=AT + life if known else None,
            end_known=known,
        )
    )
    return scene


@pytest.mark.parametrize(
    ("life", "job", "left", "soon"),
    [
        # A fifth of a week is 33.6 h, more than any job.
        (WEEK, 2 * HOUR, WEEK / 5, False),
        (WEEK, 2 * HOUR, WEEK / 5 - SECOND, True),
        # Need is more than a fifth.
        (5 * HOUR, 2 * HOUR, 2 * HOUR, False),
        (5 * HOUR, 2 * HOUR, 2 * HOUR - SECOND, True),
        # The service granted less than the job may take: half of that must do, or it would be renewed for ever.
        (HOUR, 2 * HOUR, 30 * MINUTE, False),
        (HOUR, 2 * HOUR, 30 * MINUTE - SECOND, True),
        # No job at all.
        (10 * HOUR, timedelta(), 2 * HOUR, False),
        (10 * HOUR, timedelta(), 2 * HOUR - SECOND, True),
    ],
)
def test_when_a_key_is_renewed(life: timedelta, job: timedelta, left: timedelta, soon: bool) -> None:
    current = generation(life).recorded.keys["key.scenes"].current
    assert current is not None
    assert expires_soon(current, None, job, AT + life - left) is soon


def test_an_unknown_end_is_taken_from_the_default_life() -> None:
    current = generation(WEEK, known=False).recorded.keys["key.scenes"].current
    assert current is not None
    assert (end_of(current), granted_life(current)) == (AT + HOUR, HOUR)
    assert not expires_soon(current, None, 2 * HOUR, AT + 30 * MINUTE)
    assert expires_soon(current, None, 2 * HOUR, AT + 30 * MINUTE + SECOND)


def test_a_life_without_its_start_is_counted_from_the_request() -> None:
    current = generation(HOUR, made_known=False).recorded.keys["key.scenes"].current
    assert current is not None
    assert granted_life(current) == HOUR


def test_the_end_of_a_key_is_the_one_shown_by_the_service() -> None:
    scene = generation(WEEK)
    current = scene.recorded.keys["key.scenes"].current
    assert current is not None
    assert current.intended is not None
    scene.show_key(current.intended, AT, AT + HOUR)
    seen = scene.keys[current.name]
    assert (end_of(current, seen), granted_life(current, seen)) == (AT + HOUR, HOUR)


def test_a_key_without_end_never_expires() -> None:
    scene = generation(WEEK)
    current = scene.recorded.keys["key.scenes"].current
    assert current is not None
    assert current.intended is not None
    scene.show_key(current.intended, AT, None)
    seen = scene.keys[current.name]
    assert end_of(current, seen) is None
    assert not expires_soon(current, seen, 2 * HOUR, AT + 100 * WEEK)
