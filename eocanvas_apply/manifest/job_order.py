"""Jobs that follow other jobs, for their rows or for their results: who follows whom, and that it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.nodes import Data, Path
from eocanvas_apply.manifest.substitution import refers_to_row
from eocanvas_apply.manifest.validation.references import Finding, is_raw, mapping_at, steps_of

_ROWS, _RESULTS = "for_each", "inputs"
Followed = Mapping[Path, str]


def pipeline_faults(data: Data) -> Iterator[Finding]:
    """Yield `job:` steps and `result:` inputs that name no job, no instance of one, or close a circle."""
    jobs = mapping_at(data, "jobs")
    followed = {name: {**dict(_of_rows(job)), **dict(_of_results(job))} for name, job in jobs.items()}
    for name, found in followed.items():
        for path, other in found.items():
            if fault := _fault(name, path, other, jobs, followed):
                yield fault, ("jobs", name, *path)


def in_order(names: Mapping[str, frozenset[str] | set[str]]) -> list[str]:
    """Return the names so that each comes after those it follows; what stands in a circle is left out."""
    ordered: list[str] = []
    while ready := [name for name in names if name not in ordered and names[name] <= set(ordered)]:
        ordered += ready
    return ordered


def _fault(
    name: str, path: Path, other: str, jobs: dict[str, Data], followed: Mapping[str, Followed]
) -> Diagnostic | None:
    rows = path[0] == _ROWS
    if other not in jobs:
        hint = did_you_mean(other, jobs) or f"name a job of this manifest{' that has for_each' if rows else ''}"
        return error("unknown-job", f"no job of this manifest is called `{other[:60]}`", hint)
    many = "for_each" in mapping_at(jobs, other)
    if rows and not many:
        hint = f"give `{other}` a for_each, or name a job that has one"
        return error("job-without-instances", f"`{other}` is one job, it has no instances", hint)
    if name == other:
        return error("job-circle", f"`{name}` follows itself", "name another job")
    if name in _reached(other, followed):
        return error("job-circle", f"`{name}` follows `{other}`, and that follows `{name}`", "take one of the two out")
    if not rows and many and other not in _reached(name, followed, only=_ROWS):
        message = f"`{other}` has an instance for every row, and nothing says whose result is meant"
        hint = f"write `for_each: {{job: {other}}}`: each instance then takes the result of its own"
        return error("result-of-which", message, hint)
    return None


def _of_rows(job: Data) -> Iterator[tuple[Path, str]]:
    for path, step in steps_of(job):
        if isinstance(step, dict) and isinstance(other := step.get("job"), str):
            yield (_ROWS, *path, "job"), other


def _of_results(job: Data) -> Iterator[tuple[Path, str]]:
    inputs = {} if is_raw(job) else mapping_at(job, _RESULTS)
    for given, source in inputs.items():
        if isinstance(other := mapping_at(source).get("result"), str) and not refers_to_row(other):
            yield (_RESULTS, given, "result"), other


def _reached(start: str, followed: Mapping[str, Followed], only: str = "") -> set[str]:
    """Return the job and all that it follows, however far behind; `only` for its rows, where it says so."""
    seen: set[str] = set()
    left = [start]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += [other for path, other in followed.get(name, {}).items() if only in ("", path[0])]
    return seen
