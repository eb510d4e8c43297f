"""The forecast of a campaign adds up, whatever holds its launches back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.actions import LAUNCHES
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import ObservedJob
from eocanvas_apply.render import forecast
from eocanvas_apply.vocabulary import FailureClass
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, Scene

_R = Reason


@dataclass(frozen=True)
class Campaign:
    """What happened to each row, in a letter, what holds the others back, and what others have used of the quota."""

    rows: str
    canary: int = 0
    stop_after: int = 0
    max_running: int = 0
    quota: int = 0
    used: int = 0
    closed: bool = False
    limit: int = 0
    retry_failed: bool = False

    def scene(self) -> Scene:
        """Play it: n is new, r runs, d is done, f failed for good, t failed and is tried again, s is skipped."""
        scene = Scene(self.manifest())
        for number, state in enumerate(self.rows, start=1):
            name = f'tiles["{number:02}"]'
            if state == "d":
                scene.done(name, number)
            elif state in "rft":
                status = "running" if state == "r" else "failed"
                scene.launched(name, number, status=status)
                failure: FailureClass | None = {"f": "graph", "t": "staging-in"}.get(state)  # type: ignore[assignment]
                seen = e.JobObserved(address=f"job.{name}", job_id=f"job-{number}", status=status, failure=failure)
                scene.events.append(seen)
        ids = [f"other-{number}" for number in range(self.used)]
        scene.jobs |= {each: ObservedJob(each, "snap-function", "successful", AT - 10 * MINUTE) for each in ids}
        scene.sees(listed=scene.jobs)
        if self.closed:
            scene.events.append(e.QuotaClosed(until=AT + HOUR))
        return scene

    def manifest(self) -> str:
        """Return its manifest."""
        ids = [f"{number:02}" for number in range(1, len(self.rows) + 1)]
        skipped = [row for row, state in zip(ids, self.rows, strict=True) if state == "s"]
        fields = {"canary": self.canary, "stop_after": self.stop_after}
        lines = [f"    {name}: {value}\n" for name, value in fields.items() if value]
        lines += [f"    skip: {{{', '.join(f'{row!r}: no' for row in skipped)}}}\n"] if skipped else []
        top = f"max_running: {self.max_running}\n" if self.max_running else ""
        top += f"quota: [{{jobs: {self.quota}, per: 1h}}]\n" if self.quota else ""
        rows = ", ".join(f"{row!r}" for row in ids)
        given = "    inputs: {img1: {url: 'https://x.example/${each.value}'}}\n"
        head = f"{HEAD}{top}jobs:\n  tiles:\n    graph: graph.xml\n    for_each: {{list: [{rows}]}}\n"
        return head + given + "".join(lines)

    def requests(self) -> Requests:
        """Return what the command line asks for."""
        return Requests(limit=self.limit or None, retry_failed=self.retry_failed)


CAMPAIGNS = st.builds(
    Campaign,
    rows=st.text("nnnnnrdfts", min_size=1, max_size=14),
    canary=st.integers(0, 4),
    stop_after=st.integers(0, 3),
    max_running=st.integers(0, 3),
    quota=st.integers(0, 4),
    used=st.integers(0, 5),
    closed=st.booleans(),
    limit=st.integers(0, 5),
    retry_failed=st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(CAMPAIGNS)
@example(Campaign("nnnnnnnn", canary=2))
@example(Campaign("rnnnnnnn", canary=2, quota=3, used=3))
@example(Campaign("nnnnnnnn", canary=1, quota=3, limit=4))
@example(Campaign("dfnnnnnn", canary=3))
@example(Campaign("nnnnnnnn", closed=True, quota=3))
def test_what_is_said_of_the_launches_ahead_adds_up(campaign: Campaign) -> None:
    plan = campaign.scene().plan(campaign.requests())
    ahead, document = plan.forecast, forecast.as_json(plan)
    launches = ahead.launches_now + ahead.waiting
    assert launches == sum(a.lies_ahead for a in plan.actions)
    assert launches <= (campaign.limit or launches)
    later = [each["launches"] for each in document.get("later", [])]
    assert sum(later) == ahead.waiting
    lines = forecast.lines(plan)
    assert bool(lines) == bool(ahead.waiting)
    if lines:
        assert _counts(lines[0]) == [launches, launches]
    _every_wait_has_its_reason(campaign, plan)
    _keeps_to_the_quota(campaign, [a.not_before or AT for a in plan.actions if a.lies_ahead])


def _counts(line: str) -> list[int]:
    """Return the launches of a forecast line, and the sum of its parts."""
    whole, kinds, parts = re.sub(r" \([^)]*\)", "", line).partition(" launches: ")
    if not kinds:
        # All of one kind, whose number is said once.
        return [int(line.split()[0])] * 2
    return [int(whole), sum(int(found) for found in re.findall(r"(?:^|, )(\d+) (?:now|later|at)", parts))]


def _every_wait_has_its_reason(campaign: Campaign, plan: Plan) -> None:
    """A row without a time waits for a person, or for a later run: everything else is forecast."""
    beyond = campaign.limit and sum(a.lies_ahead for a in plan.actions) == campaign.limit
    runs = any(a.lies_ahead or a.action == "watch" for a in plan.actions)
    for action in plan.actions:
        if action.reason is _R.HELD_BUDGET and not action.lies_ahead:
            assert beyond
        if action.reason is _R.HELD_CANARY and not action.lies_ahead:
            assert beyond or not runs or campaign.rows.count("f") or campaign.limit
        if action.reason is _R.HELD_STOPPED:
            assert not action.lies_ahead
        if action.action in LAUNCHES:
            assert action.lies_ahead


def _keeps_to_the_quota(campaign: Campaign, times: Sequence[datetime]) -> None:
    if campaign.closed:
        assert all(time >= AT + HOUR for time in times)
    if campaign.quota:
        own = [AT - 30 * MINUTE] * sum(state in "rdft" for state in campaign.rows)
        spent = sorted([*times, *[AT - 10 * MINUTE] * campaign.used, *own])
        for time in times:
            assert sum(time - HOUR < each <= time for each in spent) <= campaign.quota
