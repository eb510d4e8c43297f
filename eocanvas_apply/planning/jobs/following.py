"""Jobs that are given results of other jobs: each waits for its own, and is launched with what that left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, field, structs

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredInput, DesiredJob, ResultLink, ResultOf
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.at_keys import path_at_key
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.planning.state.runs import definition, lost_for_good, sorted_out
from eocanvas_apply.planning.tasks import LaunchJob

_A, _R = ActionKind, Reason
# Fields of a key's configuration that say which storage it opens.
_PLACE = ("endpoint", "bucket")
_FEW = 5


def followed(
    actions: Sequence[PlannedAction], desired: Desired, recorded: Recorded, observed: Observed
) -> tuple[list[PlannedAction], tuple[Diagnostic, ...]]:
    """Return the actions, each launch that is given results with those, or with what it waits for instead.

    The diagnostics say where results are ambiguous.
    """
    if not desired.following:
        return list(actions), ()
    planned = {action.address: action for action in actions}
    pipelines = _Pipelines(desired, recorded, observed, planned, _skipped(desired, planned))
    jobs = [pipelines.follow(action) for action in actions]
    return jobs, tuple(map(_summary, pipelines.findings.values()))


def _skipped(desired: Desired, planned: Mapping[str, PlannedAction]) -> Mapping[str, str]:
    """Return by address the job, somewhere before it, that is skipped and has no result."""
    found: dict[str, str] = {}
    # In this order every job comes after those whose results it is given.
    for address in desired.following:
        for source in desired.jobs[address].sources:
            action = planned.get(source)
            if action and action.reason is _R.SKIPPED:
                found[address] = source
            elif action and action.action in LAUNCHES and source in found:
                found[address] = found[source]
            if address in found:
                break
    return found


def _summary(findings: Sequence[Diagnostic]) -> Diagnostic:
    # The instances of a campaign are mostly unclear for one cause: the first stands for all.
    first, more = findings[0], len(findings) - 1
    return structs.replace(first, message=f"{first.message} ({more} more instances)") if more else first


class _NotYet(Exception):
    """The job before has no result that could be handed on."""


class _Unclear(Exception):
    """The job before has results, and it is not clear which one is meant."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.found = (code, message, hint)


class _Unreachable(_Unclear):
    """The result is known, and cannot be handed on: running its job again would give one that can."""


class _Pipelines(Struct):
    desired: Desired
    recorded: Recorded
    observed: Observed
    actions: Mapping[str, PlannedAction]
    skipped: Mapping[str, str]
    findings: dict[tuple[str, str], list[Diagnostic]] = field(default_factory=dict)

    def follow(self, action: PlannedAction) -> PlannedAction:
        job = self.desired.jobs.get(action.address)
        if action.action not in LAUNCHES or job is None or not job.stage:
            return action
        waits = tuple(dict.fromkeys(self._unfinished(job)))
        if waits and (skipped := self.skipped.get(job.address)):
            return PlannedAction.of(action.address, _A.NONE, _R.SKIPPED, note=f"{skipped} is skipped and has no result")
        if waits:
            return action.held(_R.WAITS_FOR, depends_on=waits)
        try:
            inputs = tuple(self._filled(given) for given in job.inputs)
        except _Unclear as problem:
            return self._unclear(action, problem, job)
        if isinstance(action.task, LaunchJob):
            action = structs.replace(action, task=structs.replace(action.task, job=action.task.job.with_inputs(inputs)))
        return action

    def _unfinished(self, job: DesiredJob) -> Iterator[str]:
        for source in job.sources:
            try:
                self._results(source)
            except _NotYet:
                yield source

    def _results(self, address: str) -> tuple[Run, JobIntended | None, tuple[ListedResult, ...]]:
        action, record = self.actions.get(address), self.recorded.jobs.get(address)
        if action is None or record is None or not action.row.usable:
            raise _NotYet
        run, _ = sorted_out(record, self.observed.jobs.jobs)
        if run is None or not run.results:
            raise _NotYet
        return run, definition(record, run), run.results

    def _filled(self, given: DesiredInput) -> DesiredInput:
        if given.result is None:
            return given
        run, intended, results = self._results(given.result.address)
        found = _chosen(given.result, results)
        if found.at_key and given.key:
            return structs.replace(given, location=self._path(given.key, found, intended, given.result))
        if lost_for_good(run, self.desired.timing):
            since = f"since {min(run.lost):%Y-%m-%d %H:%M} UTC"
            message = f"the service does not have the result of {given.result.address} {since}"
            raise _Unreachable("result-lost", message, _again(given.result.address))
        return structs.replace(given, key=None, link=ResultLink(run.job_id, found.title))

    def _path(self, key: str, found: ListedResult, intended: JobIntended | None, result: ResultOf) -> str:
        use = next((use for use in intended.keys if use.address == key), None) if intended else None
        if use and use.generation and self._moved(key, use.generation):
            before = f"the result of {result.address} is in the storage that {key} opened before"
            message = f"{before}; {key} opens another one now"
            raise _Unreachable("result-elsewhere", message, f"restore the key, or {_again(result.address)}")
        return path_at_key(found.title, use.name if use else "")

    def _moved(self, key: str, number: int) -> bool:
        record = self.recorded.keys.get(key)
        used = record.generations.get(number) if record else None
        if used is None or used.intended is None:
            return False
        config = self.desired.keys[key].config
        return any(used.intended.config.get(name) != config.get(name) for name in _PLACE)

    def _unclear(self, action: PlannedAction, problem: _Unclear, job: DesiredJob) -> PlannedAction:
        code, message, hint = problem.found
        found = warning(code, message, hint, address=action.address)
        self.findings.setdefault((code, action.campaign or action.address), []).append(found)
        if isinstance(problem, _Unreachable):
            return action.held(_R.WAITS_FOR, depends_on=job.sources)
        return PlannedAction.of(action.address, _A.ASK, _R.AMBIGUOUS)


def _chosen(wanted: ResultOf, results: Sequence[ListedResult]) -> ListedResult:
    fitting = [r for r in results if wanted.match is None or fnmatchcase(r.name, wanted.match)]
    if len(fitting) == 1:
        return fitting[0]
    there = _names(fitting or results)
    if not fitting:
        message = f"no result of {wanted.address} fits `{wanted.match}`; there is {there}"
        raise _Unclear("result-not-there", message, "correct `match`")
    message = f"{len(fitting)} results of {wanted.address} fit: {there}"
    hint = "narrow `match`" if wanted.match else 'add `match:`, a pattern that fits one of them, such as "*.nc"'
    raise _Unclear("results-ambiguous", message, hint)


def _again(address: str) -> str:
    return f"run that job again: eocanvas-apply apply --relaunch '{address}'"


def _names(results: Sequence[ListedResult]) -> str:
    more = f" and {len(results) - _FEW} more" if len(results) > _FEW else ""
    return ", ".join(result.name for result in results[:_FEW]) + more
