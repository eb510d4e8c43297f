"""What the service's list of processes says of the jobs that are still to be launched."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, warning
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.state.observed import Observed


def process_warnings(
    desired: Desired, recorded: Recorded, observed: Observed, jobs: Iterable[PlannedAction]
) -> Iterator[Diagnostic]:
    """Yield jobs of processes that the service does not show, and campaigns that go on with another version."""
    if observed.processes is None:
        return
    ahead: dict[tuple[str, str], int] = Counter()
    for action in jobs:
        if action.action in LAUNCHES or action.is_expected:
            ahead[action.campaign or action.address, desired.jobs[action.address].process] += 1
    earlier = _earlier_versions(recorded) if ahead else {}
    for (address, process), number in ahead.items():
        now = observed.processes.get(process)
        if now is None:
            hint = did_you_mean(process, observed.processes) or "eocanvas-apply validate --online shows more"
            yield warning("process-unknown", f"the service shows no process {process!r}", hint, address=address)
        elif others := {version: times for version, times in earlier.get(address, {}).items() if version != now}:
            ran = ", ".join(f"{times} with {version}" for version, times in sorted(others.items()))
            what = f"{process} has version {now or 'unknown'} now: {number} to launch with it, launched before: {ran}"
            hint = "results of two versions may differ; --relaunch runs the earlier ones again"
            yield warning("process-version-changed", what, hint, address=address)


def _earlier_versions(recorded: Recorded) -> dict[str, Counter[str]]:
    """Return how often each job or campaign was launched with each version of its process."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for address, record in recorded.jobs.items():
        last = record.last_intent
        if last and last.intended and last.intended.process_version and record.runs:
            found[address.partition("[")[0]][last.intended.process_version] += 1
    return found
