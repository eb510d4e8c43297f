"""The order of jobs that follow other jobs, for their rows or for their results."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from eocanvas_apply.diagnostics import Diagnostic, Suggestions, error
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.substitution import refers_to_row
from eocanvas_apply.manifest.validation.meaning import Finding, is_raw, mapping_at, steps_of

_ROWS, _RESULTS = "for_each", "inputs"
Followed = Mapping[Path, str]


def pipeline_faults(data: Data) -> Iterator[Finding]:
    """Yield `job:` steps and `result:` inputs that name no job, no instance of one, or make a circle."""
    jobs = mapping_at(data, "jobs")
    followed = {name: {**dict(_of_rows(job)), **dict(_of_results(job))} for name, job in jobs.items()}
    circle_of = _circles({name: set(found.values()) & jobs.keys() for name, found in followed.items()})
    suggestions = Suggestions()
    for name, found in followed.items():
        for path, other in found.items():
            if other not in jobs:
                yield _unknown_job(other, jobs, path, suggestions), ("jobs", name, *path)
            elif fault := _circle(name, other, circle_of) or _fault(name, path, other, jobs, followed):
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
    has_instances = "for_each" in mapping_at(jobs, other)
    if rows and not has_instances:
        hint = f"give `{other}` a for_each, or name a job that has one"
        return error("job-without-instances", f"`{other}` is a single job, it has no instances", hint)
    if not rows and has_instances and not _takes_rows_of(name, other, followed):
        message = f"`{other}` has an instance for every row; it is not clear whose result is meant"
        hint = f"write `for_each: {{job: {other}}}`: each instance then takes the result of its own"
        return error("result-of-which", message, hint)
    return None


def _unknown_job(other: str, jobs: Collection[str], path: Path, suggestions: Suggestions) -> Diagnostic:
    otherwise = f"name a job of this manifest{' that has for_each' if path[0] == _ROWS else ''}"
    hint = suggestions.near(other, jobs) or otherwise
    return error("unknown-job", f"no job of this manifest has the name `{other[:60]}`", hint)


def _circle(name: str, other: str, circle_of: Mapping[str, int]) -> Diagnostic | None:
    if circle_of[name] != circle_of[other]:
        return None
    if name == other:
        return error("job-circle", f"`{name}` follows itself", "name another job")
    message = f"`{name}` follows `{other}`, and that follows `{name}`"
    return error("job-circle", message, "remove one of the two references")


def _circles(followed: Mapping[str, set[str]]) -> dict[str, int]:
    """Return a number for each job; jobs have the same one when each follows the other, however far behind.

    These are the strongly connected components, found by Tarjan's algorithm with a stack of its own.
    """
    found_as: dict[str, int] = {}
    earliest: dict[str, int] = {}
    component: dict[str, int] = {}
    unassigned: list[str] = []
    for first in followed:
        left = [(first, iter(followed[first]))] if first not in found_as else []
        while left:
            name, others = left[-1]
            if name not in found_as:
                found_as[name] = earliest[name] = len(found_as)
                unassigned.append(name)
            new = next((other for other in others if not _seen(name, other, found_as, earliest, component)), None)
            if new is not None:
                left.append((new, iter(followed[new])))
                continue
            left.pop()
            if left:
                before = left[-1][0]
                earliest[before] = min(earliest[before], earliest[name])
            while earliest[name] == found_as[name] and name not in component:
                component[unassigned.pop()] = found_as[name]
    return component


def _seen(
    name: str, other: str, found_as: Mapping[str, int], earliest: dict[str, int], component: Mapping[str, int]
) -> bool:
    if other in found_as and other not in component:
        earliest[name] = min(earliest[name], found_as[other])
    return other in found_as


def _of_rows(job: Data) -> Iterator[tuple[Path, str]]:
    for path, step in steps_of(job):
        if isinstance(step, dict) and isinstance(other := step.get("job"), str):
            yield (_ROWS, *path, "job"), other


def _of_results(job: Data) -> Iterator[tuple[Path, str]]:
    inputs = {} if is_raw(job) else mapping_at(job, _RESULTS)
    for given, source in inputs.items():
        if isinstance(other := mapping_at(source).get("result"), str) and not refers_to_row(other):
            yield (_RESULTS, given, "result"), other


def _takes_rows_of(name: str, other: str, followed: Mapping[str, Followed]) -> bool:
    """Tell whether a job has its rows of another, however far behind."""
    seen: set[str] = set()
    left = [name]
    while left:
        each = left.pop()
        if each == other:
            return True
        if each not in seen:
            seen.add(each)
            left += [behind for path, behind in followed.get(each, {}).items() if path[0] == _ROWS]
    return False
