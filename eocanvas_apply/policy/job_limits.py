"""What a policy refuses of jobs: their process, inputs, searches, licences and folders, those of each row too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import unquote

from msgspec import Struct, field

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.model.jobs import Job, KeyInput, ProductInput, RawJob, UrlInput
from eocanvas_apply.manifest.products import product_of
from eocanvas_apply.manifest.substitution import is_unfilled
from eocanvas_apply.policy.patterns import matches, matches_file, matches_host, words
from eocanvas_apply.policy.policy_file import PolicyFile


class Breach(Struct, frozen=True):
    """A rule that a job breaks, by what, and where below the job that stands."""

    rule: str
    what: str
    at: Path = ()


class _Case(Struct, frozen=True):
    """A job as the manifest has it, or that of a row. `is_open` says of a text that only rows fill it in."""

    policy: PolicyFile
    name: str
    job: Job
    boundary: Boundary
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_open: Callable[[str], bool] = lambda text: False  # noqa: ARG005

    def breaks(self, rule: str, text: str, is_matched: Callable[[str, Sequence[str]], bool] = matches) -> bool:
        """Return whether a text is none of those that a rule allows."""
        patterns = getattr(self.policy.rules, rule)
        return patterns is not None and not self.is_open(text) and not is_matched(text, patterns)


def job_refusals(
    policy: PolicyFile, name: str, job: Job, instances: Sequence[Instance], boundary: Boundary
) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield what the policy refuses of a job and its rows, each with its place; of rows once, with the first."""
    # A fault of a row is reported once, with the first row.
    found: dict[tuple[str, Path], tuple[str, list[str]]] = {}
    own = _Case(policy, name, job, boundary, is_open=is_unfilled if job.steps else lambda text: False)  # noqa: ARG005
    for breach in (*_breaches(own), *_searches(own)):
        found.setdefault((breach.rule, breach.at), (breach.what, []))
    for each in instances if _judges_rows(policy) else ():
        for breach in _breaches(_Case(policy, name, each.job, boundary, each.fields)):
            found.setdefault((breach.rule, breach.at), (breach.what, []))[1].append(each.id)
    for (rule, at), (what, ids) in found.items():
        allowed = words(getattr(policy.rules, rule))
        yield policy.refusal(rule, f"{what}{_of_rows(ids)}", allowed, f"job.{name}"), ("jobs", name, *at)


def _judges_rows(policy: PolicyFile) -> bool:
    of_jobs = ("processes", "licences", "hosts", "datasets", "buckets", "endpoints", "downloads")
    return any(getattr(policy.rules, rule) is not None for rule in of_jobs)


def _of_rows(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    return f" (in the row {ids[0]})" if len(ids) == 1 else f" (in {len(ids)} rows, first {ids[0]})"


def _breaches(case: _Case) -> Iterator[Breach]:
    job = case.job
    if case.breaks("processes", job.process):
        yield Breach("processes", f"the process {job.process} is not allowed")
    for number, term in enumerate(job.accept_terms):
        if case.breaks("licences", term):
            yield Breach("licences", f"the licence {term!r} may not be accepted", ("accept_terms", number))
    if job.output_key is None:
        folder = job.download_folder or f"results/{case.name}"
        if case.breaks("downloads", folder, lambda text, patterns: matches_file(text, patterns, case.boundary)):
            yield Breach("downloads", f"results may not go to {folder!r}", ("output",))
    if not isinstance(job, RawJob):
        for name, given in job.inputs.items():
            yield from _input(case, ("inputs", name), given)


def _input(case: _Case, at: Path, given: object) -> Iterator[Breach]:
    if isinstance(given, UrlInput) and case.breaks("hosts", given.url, matches_host):
        yield Breach("hosts", f"the address {_shown(given.url)!r} is not allowed", (*at, "url"))
    if isinstance(given, ProductInput):
        product = product_of(given, case.fields)
        if product and case.breaks("datasets", product.dataset_id):
            yield Breach("datasets", f"the dataset {product.dataset_id!r} is not allowed", (*at, "product"))
    if isinstance(given, KeyInput) and _climbs(given.path):
        limits = (rule for rule in ("buckets", "endpoints") if getattr(case.policy.rules, rule) is not None)
        for rule in islice(limits, 1):
            yield Breach(rule, f"the path {given.path!r} can lead out of what its key opens", (*at, "path"))


def _climbs(path: str) -> bool:
    """Return whether a path leads up: a program that asks for /bucket/../other/a.nc opens the other bucket."""
    return ".." in unquote(path).replace("\\", "/").split("/")


def _shown(url: str) -> str:
    """Return an address without what may sign it."""
    return url.partition("?")[0].partition("#")[0]


def _searches(case: _Case) -> Iterator[Breach]:
    """Yield the searches for other datasets. One that rows fill in is judged as it is written."""
    patterns = case.policy.rules.datasets
    for number, step in enumerate(case.job.steps):
        if patterns is None or step.hda is None:
            continue
        at: Path = ("for_each", number, "hda") if isinstance(case.job.for_each, tuple) else ("for_each", "hda")
        named = {name: value for name, value in step.hda.items() if _is_dataset(name)}
        if not named:
            yield Breach("datasets", "this search names no dataset", at)
        for name, value in named.items():
            if not (isinstance(value, str) and matches(value, patterns)):
                yield Breach("datasets", f"a search in the dataset {value!r} is not allowed", (*at, name))


def _is_dataset(name: str) -> bool:
    return name.replace("_", "").replace("-", "").casefold() in ("datasetid", "dataset")
