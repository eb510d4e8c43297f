"""The order of jobs that follow other jobs, for their rows or for their results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.substitution import refers_to_row
from eocanvas_apply.manifest.validation.meaning import Finding, is_raw, mapping_at, steps_of

_ROWS, _RESULTS = "for_each", "inputs"
Followed = Mapping[Path, str]


def pipeline_faults(data: Data) -> Iterator[Finding]:
    """Yield `job:` steps and `result:` inputs that name no job, no instance of one, or make a circle."""
    jobs = mapping_at(data, "jobs")
    followed = {name: {**dict(_of_rows(job)), **dict(_of_results(job))} for name, job in jobs.items()}
    ordered = set(in_order({name: set(found.values()) for name, found in followed.items()}))
    for name, found in followed.items():
        for path, other in found.items():
            in_circle = name not in ordered and other not in ordered and _follows(other, name, followed)
            fault = _circle(name, other) if in_circle else _fault(name, path, other, jobs, followed)
            if fault:
                yield fault, ("jobs", name, *path)


def in_order(followed: Mapping[str, frozenset[str] | set[str]]) -> list[str]:
    """Return the jobs so that each comes after those it follows; jobs in or behind a circle are left out."""
    sorter = TopologicalSorter(followed)
    with suppress(CycleError):
        sorter.prepare()
    ordered: list[str] = []
    while ready := sorter.get_ready():
        ordered += [name for name in ready if name in followed]
        sorter.done(*ready)
    return ordered


def _fault(
    name: str, path: Path, other: str, jobs: dict[str, Data], followed: Mapping[str, Followed]
) -> Diagnostic | None:
    rows = path[0] == _ROWS
    if other not in jobs:
        hint = did_you_mean(other, jobs) or f"name a job of this manifest{' that has for_each' if rows else ''}"
        return error("unknown-job", f"no job of this manifest has the name `{other[:60]}`", hint)
    has_instances = "for_each" in mapping_at(jobs, other)
    if rows and not has_instances:
        hint = f"give `{other}` a for_each, or name a job that has one"
        return error("job-without-instances", f"`{other}` is a single job, it has no instances", hint)
    if not rows and has_instances and not _follows(name, other, followed, only=_ROWS):
        message = f"`{other}` has an instance for every row; it is not clear whose result is meant"
        hint = f"write `for_each: {{job: {other}}}`: each instance then takes the result of its own"
        return error("result-of-which", message, hint)
    return None


def _circle(name: str, other: str) -> Diagnostic:
    if name == other:
        return error("job-circle", f"`{name}` follows itself", "name another job")
    message = f"`{name}` follows `{other}`, and that follows `{name}`"
    return error("job-circle", message, "remove one of the two references")


def _of_rows(job: Data) -> Iterator[tuple[Path, str]]:
    for path, step in steps_of(job):
        if isinstance(step, dict) and isinstance(other := step.get("job"), str):
            yield (_ROWS, *path, "job"), other


def _of_results(job: Data) -> Iterator[tuple[Path, str]]:
    inputs = {} if is_raw(job) else mapping_at(job, _RESULTS)
    for given, source in inputs.items():
        if isinstance(other := mapping_at(source).get("result"), str) and not refers_to_row(other):
            yield (_RESULTS, given, "result"), other


def _follows(name: str, other: str, followed: Mapping[str, Followed], only: str = "") -> bool:
    """Tell whether a job follows another, however far behind; `only` for its rows, where it says so."""
    seen: set[str] = set()
    left = [name]
    while left:
        each = left.pop()
        if each == other:
            return True
        if each not in seen:
            seen.add(each)
            left += [behind for path, behind in followed.get(each, {}).items() if only in ("", path[0])]
    return False
