"""Where a project stands, as a text of OpenMetrics: for the textfile collector of node_exporter, or a CI artefact.

Every metric is a gauge without a time of its own, so that the older text format of Prometheus reads it too. Labels are
names of the manifest: campaigns, not their instances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.plan import WindowState
from eocanvas_apply.render.layout import span
from eocanvas_apply.report.status import JobStatus, Status, tallies

_PREFIX = "eocanvas_apply"
# In their order in the text; without quotes, which the two formats escape differently.
_HELP = {
    "run_end_timestamp_seconds": "When the last run of a command ended.",
    "run_exit_code": "Exit code of the last run of a command.",
    "jobs": "Jobs by state; the campaign is empty for single jobs.",
    "jobs_failed": "Failed jobs by class of failure, or by reason where they have none.",
    "key_live": "Whether the service has the key: 1 or 0.",
    "key_end_timestamp_seconds": "When the key ends, where that is known.",
    "quota_used_jobs": "Launches that count in the window.",
    "quota_limit_jobs": "Launches that the window allows.",
    "forecast_waiting_jobs": "Launches that wait.",
    "forecast_remaining_seconds": "Time until the last launch that waits can go, as forecast; 0 when none waits.",
}
_LABEL = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_Labels = Mapping[str, str]
_Sample = tuple[str, _Labels, float]


class RunEnd(Struct, frozen=True):
    """How a command ended, and in which project; `environment` is `default` where none is named."""

    project: str
    environment: str
    command: str
    at: datetime
    exit: int


# How every text of metrics begins.
BEGINNING = f"# TYPE {_PREFIX}_"


def text(run: RunEnd, status: Status | None) -> str:
    """Return the text; without a status, as of a run that never saw the service, it holds only how the run ended."""
    common = {"project": run.project, "environment": run.environment}
    families: dict[str, list[str]] = {}
    for name, labels, value in (*_of_run(run), *(_of_status(status) if status else ())):
        families.setdefault(name, []).append(f"{_PREFIX}_{name}{_labelled({**common, **labels})} {_number(value)}")
    lines = [line for name in _HELP if name in families for line in (*_head(name), *families[name])]
    return "\n".join([*lines, "# EOF\n"])


def _head(name: str) -> Iterator[str]:
    yield f"# TYPE {_PREFIX}_{name} gauge"
    if name.endswith("_seconds"):
        yield f"# UNIT {_PREFIX}_{name} seconds"
    yield f"# HELP {_PREFIX}_{name} {_HELP[name]}"


def _labelled(labels: _Labels) -> str:
    return "{" + ",".join(f'{name}="{value.translate(_LABEL)}"' for name, value in labels.items()) + "}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _of_run(run: RunEnd) -> Iterator[_Sample]:
    yield "run_end_timestamp_seconds", {"command": run.command}, run.at.timestamp()
    yield "run_exit_code", {"command": run.command}, run.exit


def _of_status(status: Status) -> Iterator[_Sample]:
    for part in (_jobs, _failures, _keys, _windows, _forecast):
        yield from part(status)


def _jobs(status: Status) -> Iterator[_Sample]:
    for tally in tallies(status.plan.actions):
        for phase in Phase:
            labels = {"campaign": _name(tally.campaign), "state": phase.slug}
            yield "jobs", labels, tally.counts[phase]


def _name(campaign: str | None) -> str:
    return (campaign or "").removeprefix("job.")


def _failures(status: Status) -> Iterator[_Sample]:
    failed = (job for job in status.jobs if job.phase is Phase.FAILED)
    counts = Counter((_name(job.action.campaign), _class(job)) for job in failed)
    for (campaign, kind), number in sorted(counts.items()):
        yield "jobs_failed", {"campaign": campaign, "class": kind}, number


def _class(job: JobStatus) -> str:
    """Return the class of a failure; a launch that was refused has none, nor has a job without a result."""
    return (job.run.failure if job.run else None) or ("refused" if job.refused else str(job.action.reason))


def _keys(status: Status) -> Iterator[_Sample]:
    # Old generations, which only drain, would be another series each.
    for key in (each for each in status.keys if "#" not in each.action.address):
        labels = {"key": key.action.address.removeprefix("key.")}
        yield "key_live", labels, key.status != "absent"
        if key.expires:
            yield "key_end_timestamp_seconds", labels, key.expires.timestamp()


def _windows(status: Status) -> Iterator[_Sample]:
    # Of two windows of one length only the narrower one ever holds a launch back.
    for length, window in {span(each.per): each for each in sorted(status.plan.windows, key=_width)}.items():
        yield "quota_used_jobs", {"window": length}, window.used
        yield "quota_limit_jobs", {"window": length}, window.limit


def _width(window: WindowState) -> int:
    return -window.limit


def _forecast(status: Status) -> Iterator[_Sample]:
    if status.offline:
        # What the manifest asks for beyond the record is not in it.
        return
    ahead = status.plan.forecast
    yield "forecast_waiting_jobs", {}, ahead.waiting
    if ahead.ends:
        yield "forecast_remaining_seconds", {}, max((ahead.ends - status.plan.created).total_seconds(), 0)
    elif not ahead.waiting:
        yield "forecast_remaining_seconds", {}, 0
