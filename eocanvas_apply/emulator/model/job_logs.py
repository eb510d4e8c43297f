"""Job logs as the processing wrapper writes them: a shell trace with everything that the job was given."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.job import Job

# A line is the share of the running time at which it is written, and its text.
Line = tuple[float, str]
_PROGRESS = "....10%....20%....30%....40%....50%....60%....70%....80%....90% done."
_MISSING_LIBRARY = "ERROR 1: libpq.so.5: cannot open shared object file: No such file or directory"
# SNAP names its version where it finds a newer one at its start.
_VERSIONS = {
    "snap-function": "Currently installed 10.0.0, available is 12.0.0.",
    "dataTailor": "2024-06-13 10:05:25 - PROCESSING.chain_runner[240] - INFO - EPCT version 3.4.0",
}


def log_entries(job: Job, behaviour: Behaviour, at: datetime) -> list[dict[str, str]]:
    """Return what the log of a job shows at a moment; a job that waits has written nothing."""
    if job.status == "accepted" or behaviour.logs == "empty" or _still_late(job, behaviour, at):
        return []
    lines = list(_lines(job, behaviour))
    if behaviour.logs == "cut":
        lines = lines[:2]
    length = (job.ends - job.starts).total_seconds()
    moments = [(job.starts + timedelta(seconds=share * length), text) for share, text in lines]
    until = job.finished or at
    return [{"timestamp": clock.log(when), "message": text} for when, text in moments if when <= until]


def _still_late(job: Job, behaviour: Behaviour, at: datetime) -> bool:
    if behaviour.logs != "late":
        return False
    return job.finished is None or at < job.finished + timedelta(seconds=behaviour.log_delay)


def _lines(job: Job, behaviour: Behaviour) -> Iterator[Line]:
    yield 0.0, f"+ export WKS_USER={job.owner}"
    yield 0.0, f"+ export WKS_PASSWORD={job.one_off_password}"
    yield from _given(job, behaviour)
    if behaviour.log_shows_version and job.execution.process in _VERSIONS:
        yield 0.0, _VERSIONS[job.execution.process]
    failure = job.failure
    done = _course(job)
    if failure is None:
        yield from done
        return
    # Shares of the whole course become shares of the shorter time that a failing job runs.
    yield from ((share / failure.share, text) for share, text in done if share < failure.share)
    yield from ((1.0, text) for text in failure.lines)


def _given(job: Job, behaviour: Behaviour) -> Iterator[Line]:
    execution = job.execution
    document = {"snap-function": "snap_graph", "dataTailor": "epct_chain"}.get(execution.process)
    for name, text in execution.texts.items():
        if name != document:
            yield 0.0, f"+ {name}={_quoted(text)}"
    if execution.document is not None and (document == "snap_graph" or behaviour.log_shows_chain):
        yield 0.0, f"+ echo {base64.b64encode(execution.document).decode()}"
        yield 0.0, "+ base64 -d"


def _course(job: Job) -> Iterable[Line]:
    if job.execution.process == "snap-function":
        return _snap_course(job)
    if job.execution.process == "dataTailor":
        return _tailor_course(job)
    return ((0.3, "Reading the observations"), (0.95, "Shear Water execution completed"))


def _snap_course(job: Job) -> Iterator[Line]:
    yield from _staging(job)
    files = " ".join(f"-P{i.name}=/data/input/{_last(i.location)}" for i in job.execution.inputs)
    target = job.outputs[0].name.rpartition(".")[0] if job.outputs else "none"
    yield 0.4, f"+ gpt graph.xml {files} -Poutput=/data/output/{target}"
    yield 0.4, _MISSING_LIBRARY
    yield 0.85, _PROGRESS
    yield 0.88, "SNAP execution completed successfully"


def _tailor_course(job: Job) -> Iterator[Line]:
    yield from _staging(job)
    yield 0.4, "customisation started"
    if job.failure is None or job.failure.kind != "customisation":
        for output in job.outputs:
            yield 0.85, f"output-product: ./{output.name}"


def _staging(job: Job) -> Iterator[Line]:
    for given in job.execution.inputs:
        yield 0.15, f"+ download {_quoted(given.location)} /data/input/{_last(given.location)}"
        if given.option.uncompress:
            yield 0.3, f"+ unzip -q /data/input/{_last(given.location)}"


def _last(location: str) -> str:
    return location.partition("?")[0].rstrip("/").rpartition("/")[2]


def _quoted(text: str) -> str:
    # As bash quotes in a trace: an apostrophe ends the quotes, stands escaped, and opens them again.
    return "'" + text.replace("'", "'\\''") + "'"
