"""Campaigns over the instances of another campaign: who follows whom, and that it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eocanvas_apply.diagnostics import error
from eocanvas_apply.documents.nearness import did_you_mean
from eocanvas_apply.documents.yaml_nodes import Data, Path
from eocanvas_apply.manifest.references import Finding, mapping_at, steps_of


def pipeline_faults(data: Data) -> Iterator[Finding]:
    """Yield `job:` steps that name no job, a job without instances, or a circle."""
    jobs = mapping_at(data, "jobs")
    followed = {name: dict(_followed(job)) for name, job in jobs.items()}
    edges = {name: set(found.values()) for name, found in followed.items()}
    for name, found in followed.items():
        for path, other in found.items():
            at = ("jobs", name, "for_each", *path, "job")
            if other not in jobs:
                hint = did_you_mean(other, jobs) or "name a job of this manifest that has for_each"
                yield error("unknown-job", f"no job of this manifest is called `{other[:60]}`", hint), at
            elif "for_each" not in mapping_at(jobs, other):
                hint = f"give `{other}` a for_each, or name a job that has one"
                yield error("job-without-instances", f"`{other}` is one job, it has no instances", hint), at
            elif _reaches(other, name, edges):
                message = f"`{name}` follows `{other}`, and that follows `{name}`"
                yield error("job-circle", message, "take one of the two steps out"), at


def in_order(names: Mapping[str, set[str]]) -> list[str]:
    """Return the names so that each comes after those it follows; what stands in a circle is left out."""
    ordered: list[str] = []
    while ready := [name for name in names if name not in ordered and names[name] <= set(ordered)]:
        ordered += ready
    return ordered


def _followed(job: Data) -> Iterator[tuple[Path, str]]:
    for path, step in steps_of(job):
        if isinstance(step, dict) and isinstance(other := step.get("job"), str):
            yield path, other


def _reaches(start: str, wanted: str, edges: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    left = [start]
    while left:
        name = left.pop()
        if name == wanted:
            return True
        if name not in seen:
            seen.add(name)
            left += edges.get(name, ())
    return False
