"""Campaigns that stop after too many failures, and those with canaries."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from eocanvas_apply.planning.actions import State
from eocanvas_apply.planning.desired.desired import StopAfter
from eocanvas_apply.planning.failures import HOPELESS
from eocanvas_apply.planning.jobs.holding import Canaries, Instance, Launchable, Stopped, canaries, launchable, stopped
from eocanvas_apply.vocabulary import FailureClass

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TO_LAUNCH = {State.WAITING, State.RETRYING}


def campaign(text: str, failure_class: FailureClass = "unknown") -> list[Instance]:
    """One instance a letter: Waiting, Retrying, Running (f), Succeeded, X failed, - skipped, in time."""
    states = {
        "w": State.WAITING,
        "r": State.RETRYING,
        "f": State.RUNNING,
        "s": State.SUCCEEDED,
        "x": State.FAILED,
        "-": State.SKIPPED,
    }
    return [_instance(number, states[letter], failure_class) for number, letter in enumerate(text)]


def _instance(number: int, state: State, failure_class: FailureClass) -> Instance:
    failed = state in (State.FAILED, State.RETRYING)
    ended = AT + timedelta(minutes=number) if failed or state is State.SUCCEEDED else None
    return Instance(f"job.a[{number}]", state, failure_class if failed else None, ended)


def numbers(addresses: tuple[str, ...]) -> list[int]:
    return [int(address[6:-1]) for address in addresses]


campaigns = st.builds(campaign, st.text("wrfsx-", max_size=30), st.sampled_from(get_args(FailureClass)))
stop_afters = (
    st.none() | st.integers(1, 8).map(StopAfter.parse) | st.integers(0, 99).map(lambda n: StopAfter(share=n / 100))
)
canary_numbers = st.none() | st.integers(1, 6)


@given(campaigns, stop_afters, canary_numbers)
def test_exactly_the_due_instances_are_allowed_or_held(
    instances: list[Instance], stop_after: StopAfter | None, canary: int | None
) -> None:
    found = launchable(instances, stop_after, canary)
    due = [each.address for each in instances if each.state in TO_LAUNCH]
    assert sorted(found.allowed + found.held) == sorted(due)
    assert [a for a in due if a in found.allowed] == list(found.allowed)
    assert found.why or not found.held


@given(campaigns)
def test_without_canary_and_stop_after_nothing_is_held(instances: list[Instance]) -> None:
    assert launchable(instances).held == ()


@given(campaigns, st.integers(1, 8))
def test_stop_after_holds_all_due_instances(instances: list[Instance], number: int) -> None:
    failed = sum(1 for each in instances if each.state is State.FAILED)
    found = launchable(instances, StopAfter(number))
    if failed >= number:
        assert found.allowed == ()
        assert isinstance(found.why, Stopped)
        assert (found.why.failed, found.why.most) == (failed, number)
    if found.why is None:
        assert failed < number
        assert found.held == ()


@given(campaigns, stop_afters.filter(bool), st.data())
def test_one_more_failure_never_restarts_a_stopped_campaign(
    instances: list[Instance], stop_after: StopAfter, data: st.DataObject
) -> None:
    running = [n for n, each in enumerate(instances) if each.state is State.RUNNING]
    if not running or not stopped(instances, stop_after):
        return
    number = data.draw(st.sampled_from(running))
    worst = [each.failure_class for each in instances if each.state is State.FAILED]
    failed = replace(
        instances[number],
        state=State.FAILED,
        failure_class=worst[-1] if worst else "unknown",
        ended=AT + timedelta(days=1),
    )
    assert stopped([*instances[:number], failed, *instances[number + 1 :]], stop_after)


@given(st.integers(1, 40), st.integers(1, 10), st.integers(1, 5), st.randoms(use_true_random=False))
def test_no_more_fail_than_are_allowed_and_in_flight(
    size: int, number: int, at_once: int, chance: random.Random
) -> None:
    """Everything fails: a campaign ends with fewer than `number + at_once` failures."""
    instances = campaign("w" * size)
    while True:
        allowed = set(launchable(instances, StopAfter(number)).allowed)
        running = [n for n, each in enumerate(instances) if each.state is State.RUNNING]
        ready = [n for n, each in enumerate(instances) if each.address in allowed]
        for n in ready[: at_once - len(running)]:
            instances[n] = replace(instances[n], state=State.RUNNING)
            running.append(n)
        if not running:
            break
        n = chance.choice(running)
        instances[n] = replace(instances[n], state=State.FAILED, failure_class="unknown", ended=AT)
    failed = sum(1 for each in instances if each.state is State.FAILED)
    assert min(size, number) <= failed < number + at_once


@pytest.mark.parametrize(
    ("value", "instances", "most"),
    [
        (1, 300, 1),
        (5, 3, 5),
        ("20%", 300, 60),
        ("20%", 1, 1),
        ("0%", 300, 1),
        ("7%", 100, 7),
        ("29%", 100, 29),
        ("20%", 11, 3),
    ],
)
def test_how_many_failures_stop_a_campaign(value: int | str, instances: int, most: int) -> None:
    assert StopAfter.parse(value).most(instances) == most


@pytest.mark.parametrize("value", [0, -1, "20", "%", "101%", "a%", "2.5%", "-3%", "²%"])
def test_an_invalid_stop_after_is_refused(value: int | str) -> None:
    with pytest.raises(ValueError, match=r"stop_after|share"):
        StopAfter.parse(value)


def test_a_share_is_one_of_all_instances_that_are_not_skipped() -> None:
    assert stopped(campaign("xwwwwwwwww"), StopAfter.parse("20%")) is None
    assert stopped(campaign("xxwwwwwwww"), StopAfter.parse("20%")) == Stopped(2, 10, 2)
    assert stopped(campaign("xwwww-----"), StopAfter.parse("20%")) == Stopped(1, 5, 1)


@pytest.mark.parametrize("failure_class", sorted(HOPELESS))
def test_three_permanent_failures_of_one_class_in_sequence_stop_a_campaign(failure_class: FailureClass) -> None:
    limit = StopAfter(100)
    assert stopped(campaign("sxxfw", failure_class), limit) is None
    assert stopped(campaign("sxxxfw", failure_class), limit) == Stopped(3, 6, 100, 3, failure_class)
    assert stopped(campaign("xxsxxw", failure_class), limit) is None
    assert stopped(campaign("xxxsw", failure_class), limit) is None
    assert launchable(campaign("xxxw", failure_class)).held == ()


def test_failures_of_other_classes_end_the_sequence() -> None:
    assert stopped(campaign("xxxxx", "staging-in"), StopAfter(100)) is None
    mixed = campaign("xxx", "graph")
    mixed[1] = replace(mixed[1], failure_class="input-config")
    assert stopped(mixed, StopAfter(100)) is None
    assert stopped(campaign("xrx", "graph"), StopAfter(100)) is None


def test_a_sequence_of_failures_is_ordered_by_time() -> None:
    instances = campaign("sxxx", "graph")
    instances[0] = replace(instances[0], ended=AT + timedelta(days=1))
    assert stopped(instances, StopAfter(100)) is None


@pytest.mark.parametrize(
    ("text", "allowed", "held"),
    [
        ("wwwww", [0, 1], [2, 3, 4]),
        ("fwwww", [1], [2, 3, 4]),
        ("ffwww", [], [2, 3, 4]),
        ("sfwww", [], [2, 3, 4]),
        ("sswww", [2, 3, 4], []),
        ("sxwww", [], [2, 3, 4]),
        ("srwww", [1], [2, 3, 4]),
        ("wwwfw", [0], [1, 2, 4]),
        ("-wwww", [1, 2], [3, 4]),
        ("sxswww", [3, 4, 5], []),
        ("w", [0], []),
        ("s-", [], []),
        ("", [], []),
    ],
)
def test_two_canaries_go_first(text: str, allowed: list[int], held: list[int]) -> None:
    found = launchable(campaign(text), canary=2)
    assert numbers(found.allowed) == allowed
    assert numbers(found.held) == held
    assert not held or isinstance(found.why, Canaries)


@given(campaigns, st.integers(1, 6))
def test_no_more_than_the_canaries_are_launched_before_they_succeeded(instances: list[Instance], canary: int) -> None:
    found = launchable(instances, canary=canary)
    launched = {State.RETRYING, State.RUNNING, State.SUCCEEDED, State.FAILED}
    before = sum(1 for each in instances if each.state in launched)
    new = sum(1 for each in instances if each.state is State.WAITING and each.address in found.allowed)
    if canaries(instances, canary):
        assert new <= max(0, canary - before)
    else:
        assert found.held == ()


@given(campaigns, st.integers(1, 6))
def test_a_campaign_without_failures_is_launched_completely(instances: list[Instance], canary: int) -> None:
    """No deadlock: as long as launches succeed, all that is due is launched in the end."""
    hopeful = [replace(i, state=State.SUCCEEDED) if i.state in (State.RUNNING, State.FAILED) else i for i in instances]
    for _ in range(len(hopeful) + 1):
        allowed = set(launchable(hopeful, canary=canary).allowed)
        hopeful = [replace(i, state=State.SUCCEEDED) if i.address in allowed else i for i in hopeful]
    assert not [i for i in hopeful if i.state in TO_LAUNCH]


def test_the_reasons_of_canaries_and_stops() -> None:
    assert launchable(campaign("sxww"), canary=3).why == Canaries(wanted=3, succeeded=1, failed=1)
    both = launchable(campaign("xww"), StopAfter(1), canary=2)
    assert both == Launchable((), ("job.a[1]", "job.a[2]"), Stopped(1, 3, 1))
