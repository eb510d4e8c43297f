"""What the service's list of processes, and their descriptions, say of the jobs that are still to be launched."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity, did_you_mean, warning
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.findings.described_inputs import described_faults
from eocanvas_apply.planning.plan import PlannedAction, by_traits
from eocanvas_apply.planning.state.observed import Observed

# Where a job names its process, in its mapping.
_FIELD = ("process",)


def process_warnings(
    desired: Desired, recorded: Recorded, observed: Observed, jobs: Iterable[PlannedAction]
) -> Iterator[Diagnostic]:
    """Yield what the service shows of processes that speaks against launches that are ahead.

    That is a process that it does not show, another version in the middle of a campaign, inputs that it describes
    otherwise. All are warnings: nobody knows how complete what it shows is.
    """
    ahead = [action for action in jobs if action.row.launches or action.row.expected]
    yield from _other_versions(desired, recorded, observed.processes, ahead) if observed.processes else ()
    if observed.described:
        for found in described_faults((desired.jobs[each.address] for each in ahead), observed.described):
            yield replace(found, severity=Severity.WARNING)


def _other_versions(
    desired: Desired, recorded: Recorded, shown: Mapping[str, str], ahead: Iterable[PlannedAction]
) -> Iterator[Diagnostic]:
    named = Counter[tuple[str, str]]()
    for traits, alike in by_traits(ahead, desired.jobs):
        named[alike[0].campaign or alike[0].address, traits.process] += len(alike)
    earlier = _earlier_versions(recorded) if named else {}
    for (address, process), number in named.items():
        now = shown.get(process)
        if now is None:
            yield _unknown(address, process, shown)
        # A version that is not shown is no other one.
        elif now and (others := {each: n for each, n in earlier.get((address, process), {}).items() if each != now}):
            yield _changed(address, f"{process} has version {now} now: {number} to launch with it", others)


def _unknown(address: str, process: str, shown: Iterable[str]) -> Diagnostic:
    hint = did_you_mean(process, shown) or "eocanvas-apply validate --online shows more"
    found = warning("process-unknown", f"the service shows no process {process!r}", hint, address=address)
    return replace(found, path=_FIELD)


def _changed(address: str, now: str, others: Mapping[str, int]) -> Diagnostic:
    ran = ", ".join(f"{times} with {version}" for version, times in sorted(others.items()))
    hint = "results of two versions may differ; --relaunch runs the earlier ones again"
    found = warning("process-version-changed", f"{now}, launched before: {ran}", hint, address=address)
    return replace(found, path=_FIELD)


def _earlier_versions(recorded: Recorded) -> Mapping[tuple[str, str], Counter[str]]:
    """Return how often each job or campaign was launched with each version of each of its processes."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for address, record in recorded.jobs.items():
        made = record.last_intent.intended if record.last_intent and record.runs else None
        if made and made.process_version:
            found[address.partition("[")[0], made.process][made.process_version] += 1
    return found
