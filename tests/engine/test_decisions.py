"""What people decide: forget, destroy, resolve, and definitions that change while a job runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.engine import decisions
from eocanvas_apply.errors import LedgerError, SafetyRefusal, UsageError
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.report.progress import ApplyResult, Happening
from tests.applying.simulated_runs import (
    JOB_ONLY,
    LAUNCH,
    NO_WAIT,
    acts,
    endings,
    ends,
    fault,
    key_names,
    launched,
    manifest,
    types,
)
from tests.simulation.world import World

JOB = "job.subset"
EMPTY = "version: 1\nproject: demo\n"
ALLOW = Requests(allowed=frozenset({"allow-empty"}))
DESTROY = Requests(destroy=True)
UNMARKED = JOB_ONLY + "    mark: false\n"
WAIT = timedelta(hours=12)


def declined(plan: Plan) -> None:
    raise SafetyRefusal(error("not-confirmed", "not confirmed"))


def test_a_job_removed_from_the_manifest_is_forgotten_and_continues_to_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY, NO_WAIT)
    assert acts(world.plan(EMPTY)) == {JOB: ("forget", "not-in-manifest")}
    result = world.apply(EMPTY, requests=ALLOW)
    assert (ends(result), endings(result)) == ({JOB: "done"}, set())
    assert world.frontend.service.jobs_in_flight()
    assert acts(world.plan(EMPTY)) == {}
    assert not (tmp_path / "results").exists()


def test_a_job_that_comes_back_unchanged_is_adopted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    world.apply(EMPTY, requests=ALLOW)
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("adopt", "returned")}
    assert not world.apply(JOB_ONLY).endings
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("none", "done")}
    assert len(launched(world)) == 1


def test_a_job_that_comes_back_changed_is_launched(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    world.apply(EMPTY, requests=ALLOW)
    assert not world.apply(JOB_ONLY.replace("/a.zip", "/b.zip")).endings
    assert len(launched(world)) == 2


def test_a_forgotten_job_keeps_its_key_until_it_ends(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), NO_WAIT)
    world.apply(EMPTY, NO_WAIT, requests=ALLOW)
    assert len(key_names(world)) == 1
    assert acts(world.plan(EMPTY)) == {"key.scenes#1": ("none", "in-use")} or acts(world.plan(EMPTY)) == {
        "key.scenes": ("none", "in-use")
    }
    world.clock.advance(400)
    assert not world.apply(EMPTY, requests=ALLOW).endings
    assert not key_names(world)


def test_forgetting_by_hand(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    world.run(decisions.forget(world.runner(EMPTY), JOB))
    assert acts(world.plan(EMPTY)) == {}
    for address in (JOB, "job.none"):
        with pytest.raises(UsageError):
            world.run(decisions.forget(world.runner(EMPTY), address))


RENAMED = JOB_ONLY.replace("subset:", "lowlands:") + "moved: [{from: job.subset, to: job.lowlands}]\n"


def test_a_job_with_a_new_name_is_forgotten_by_that_and_an_apply_records_the_move(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    before = world.ledger.read_bytes()
    world.run(decisions.forget(world.runner(RENAMED), "job.lowlands"))
    # A manifest that still has the old name knows of it.
    assert b'"type":"moved"' not in world.ledger.read_bytes().removeprefix(before).replace(b" ", b"")
    assert acts(world.plan(EMPTY)) == {}
    assert acts(world.plan(RENAMED)) == {"job.lowlands": ("adopt", "returned")}
    assert not world.apply(RENAMED).endings
    assert len(launched(world)) == 1


def test_a_lost_launch_of_a_job_with_a_new_name_is_resolved_by_that(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "drop-after", LAUNCH)
    world.apply(JOB_ONLY, NO_WAIT)
    [job] = world.frontend.service.jobs_in_flight()
    world.run(decisions.adopt(world.runner(RENAMED), "job.lowlands", job.id))
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("watch", "in-flight")}
    assert acts(world.plan(RENAMED)) == {"job.lowlands": ("watch", "in-flight")}


def test_a_job_with_a_new_name_is_cancelled_by_that(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY, NO_WAIT)
    seen: list[Plan] = []
    result = world.run(world.runner(RENAMED).cancel(frozenset({"job.lowlands"}), seen.append))
    assert ends(result) == {"job.lowlands": "done"}
    assert [(acts(plan), plan.moves) for plan in seen] == [({"job.lowlands": ("dismiss", "requested")}, ())]
    assert "moved" not in types(world)
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("none", "cancelled")}
    assert acts(world.plan(RENAMED)) == {"job.lowlands": ("none", "cancelled")}


def test_nothing_is_decided_on_a_ledger_of_another_project(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    before = world.ledger.read_bytes()
    stranger = JOB_ONLY.replace("project: demo", "project: other")
    for decide in (decisions.forget, decisions.launch_again):
        with pytest.raises(LedgerError, match="belongs to the project 'demo', not to 'other'"):
            world.run(decide(world.runner(stranger), JOB))
    assert world.ledger.read_bytes() == before


@pytest.mark.parametrize("dismiss", ["supported", "404", "405", "501"])
def test_destroying_leaves_no_key_and_no_record(dismiss: Any, tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(dismiss=dismiss))
    world.apply(manifest(), NO_WAIT)
    result = world.apply(manifest(), requests=DESTROY)
    assert not result.endings
    assert not key_names(world)
    assert acts(world.plan(manifest(), DESTROY)) == {}
    (job,) = world.frontend.service.jobs.every()
    assert job.status == ("dismissed" if dismiss == "supported" else "successful")
    assert [p.detail for p in world.progress if p.happening is Happening.STATUS and p.detail == "dismissed"] == []
    back = acts(world.plan(manifest()))[JOB]
    assert back == (("launch", "new") if dismiss == "supported" else ("adopt", "returned"))


def test_destroying_with_an_open_launch_settles_it_first(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "drop-after", LAUNCH)
    world.apply(manifest(), NO_WAIT)
    assert not world.apply(manifest(), requests=DESTROY).endings
    assert not key_names(world)
    assert not world.frontend.service.jobs_in_flight()


def test_a_launch_with_a_lost_answer_is_not_launched_again_before_it_is_safe(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "drop-before", LAUNCH)
    world.apply(JOB_ONLY, NO_WAIT)
    world.clock.advance(15 * 60)
    with pytest.raises(SafetyRefusal, match="could run the job twice") as refused:
        world.run(decisions.launch_again(world.runner(JOB_ONLY), JOB))
    assert refused.value.diagnostics[0].code == "answer-open"
    # 30 s to send, 30 s for the answer and 15 min to settle.
    world.clock.advance(61)
    world.run(decisions.launch_again(world.runner(JOB_ONLY), JOB))
    assert not world.apply(JOB_ONLY).endings
    assert len(launched(world)) == 1


def test_a_launch_whose_job_the_service_shows_is_not_launched_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "drop-after", LAUNCH)
    world.apply(JOB_ONLY, NO_WAIT)
    world.clock.advance(3600)
    with pytest.raises(SafetyRefusal, match="its launch became job"):
        world.run(decisions.launch_again(world.runner(JOB_ONLY), JOB))
    assert not world.apply(JOB_ONLY).endings
    assert len(launched(world)) == 1


class TestAmbiguousLaunches:
    """A launch without a mark whose answer was lost, and a job whose log shows no inputs."""

    def world(self, tmp_path: Path) -> tuple[World, str]:
        world = World(tmp_path, behaviour=Behaviour(logs="empty"))
        fault(world, "drop-after", LAUNCH)
        result = world.apply(UNMARKED)
        assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"decision", "unfinished"})
        assert acts(world.plan(UNMARKED)) == {JOB: ("ask", "ambiguous")}
        (job,) = launched(world)
        return world, job

    def test_an_ambiguous_launch_is_adopted_by_resolve(self, tmp_path: Path) -> None:
        world, job = self.world(tmp_path)
        assert world.run(decisions.adopt(world.runner(UNMARKED), JOB, job)).job_id == job
        assert not world.apply(UNMARKED).endings
        assert launched(world) == [job]

    def test_an_ambiguous_launch_is_launched_again_by_resolve(self, tmp_path: Path) -> None:
        world, _ = self.world(tmp_path)
        world.run(decisions.launch_again(world.runner(UNMARKED), JOB))
        assert not world.apply(UNMARKED).endings
        assert len(launched(world)) == 2

    def test_an_ambiguous_launch_is_launched_again_with_on_doubt_launch(self, tmp_path: Path) -> None:
        world, _ = self.world(tmp_path)
        assert not world.apply(UNMARKED + "    on_doubt: launch\n").endings
        assert len(launched(world)) == 2

    def test_take_no_job_that_is_not_there_or_another_s(self, tmp_path: Path) -> None:
        world, job = self.world(tmp_path)
        with pytest.raises(UsageError) as caught:
            world.run(decisions.adopt(world.runner(UNMARKED), JOB, "none"))
        assert caught.value.diagnostics[0].code == "no-such-job"
        world.run(decisions.adopt(world.runner(UNMARKED), JOB, job))
        for wish in (
            decisions.adopt(world.runner(UNMARKED), JOB, job),
            decisions.launch_again(world.runner(UNMARKED), JOB),
        ):
            with pytest.raises(UsageError) as caught:
                world.run(wish)
            assert caught.value.diagnostics[0].code == "nothing-to-resolve"


def test_a_definition_that_changes_in_flight_is_launched_after_the_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY, NO_WAIT)
    changed = JOB_ONLY.replace("/a.zip", "/b.zip")
    assert acts(world.plan(changed)) == {JOB: ("watch", "in-flight")}
    with pytest.raises(SafetyRefusal):
        world.run(world.runner(changed).apply(Requests(), WAIT, declined))
    assert not world.apply(changed).endings
    first, second = world.frontend.service.jobs.every()
    assert first.finished
    assert second.created >= first.finished
    assert acts(world.plan(changed)) == {JOB: ("none", "done")}


def test_a_job_of_another_run_with_another_definition_is_not_run_again_unasked(tmp_path: Path) -> None:
    world = World(tmp_path)
    ours = world.runner(JOB_ONLY)

    async def both() -> ApplyResult:
        # The other run launches its definition between this one's first plan and its claim.
        def other_run(plan: Plan) -> None:
            with ThreadPoolExecutor(1) as pool:
                assert (
                    len(pool.submit(world.apply, JOB_ONLY.replace("/a.zip", "/b.zip"), NO_WAIT).result().results) == 1
                )

        return await ours.apply(Requests(), WAIT, other_run)

    result = world.run(both())
    assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"unfinished"})
    assert len(launched(world)) == 1
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("relaunch", "input-changed")}


def test_a_job_that_the_service_lost_is_launched_again_after_a_while(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=3 * 3600)
    world.apply(JOB_ONLY, NO_WAIT)
    (lost,) = launched(world)
    world.frontend.service.jobs.vanish(lost)
    begun = world.clock()
    assert not world.apply(JOB_ONLY).endings
    assert len(launched(world)) == 2
    again = world.frontend.service.jobs.every()[1].created - begun
    assert timedelta(minutes=15) < again < timedelta(minutes=20)


def test_a_job_that_the_service_refuses_to_show_is_not_lost_and_blocks_no_other(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=3 * 3600)
    world.apply(JOB_ONLY, NO_WAIT)
    (hidden,) = launched(world)
    world.frontend.service.jobs.vanish(hidden)
    fault(world, "status", f"*/jobs/{hidden}", "GET", status=403, times=None)
    both = JOB_ONLY + "  other: {graph: graph.xml, inputs: {img1: {url: 'https://data.example.org/b.zip'}}}\n"
    result = world.apply(both, timedelta(hours=6))
    assert (ends(result), endings(result)) == ({JOB: "waiting", "job.other": "done"}, {"unfinished"})
    assert len(launched(world)) == 2


def test_a_finished_job_missing_at_the_service_stays_done(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    world.frontend.service.jobs.vanish(launched(world)[0])
    world.clock.advance(7200)
    assert not world.apply(JOB_ONLY).endings
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("none", "done")}


def test_a_job_of_another_tool_is_never_taken(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(JOB_ONLY)
    fault(world, "drop-before", LAUNCH)
    changed = JOB_ONLY.replace("/a.zip", "/b.zip")
    world.apply(changed, NO_WAIT)
    # The same processing is started by hand meanwhile.
    service = world.frontend.service
    service.jobs.launch(User("jane", ""), service.jobs.every()[0].execution, world.clock())
    assert not world.apply(changed).endings
    assert len(launched(world)) == 3
    assert types(world).count("adopted") == 0
