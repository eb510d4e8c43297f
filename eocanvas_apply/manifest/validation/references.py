"""Names and references in a manifest that do not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.documents.yaml.nodes import Data, Path, Plain
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.steps import KINDS
from eocanvas_apply.manifest.substitution import references, refers_to_row

Finding = tuple[Diagnostic, Path]
# Of a campaign as a whole: one instance cannot have another.
CAMPAIGN_FIELDS = frozenset(
    {"accept_terms", "canary", "checks", "mark", "on_change", "on_doubt", "process", "retries", "skip", "stop_after"}
)
_SOURCES = frozenset(KINDS)


def dangling_keys(data: Data) -> Iterator[Finding]:
    """Yield each `key:` of an input or output that no key of the manifest has."""
    declared = {EODATA, *mapping_at(data, "keys")}
    for path, name in _named_keys(data):
        if name not in declared and not refers_to_row(name):
            yield unknown_key(name, declared), path


def unknown_key(name: str, declared: Collection[str]) -> Diagnostic:
    """Return the diagnostic about a name that no key of the manifest has."""
    hint = did_you_mean(name, declared) or f"declare it under keys:, or use one of {', '.join(sorted(declared))}"
    return error("unknown-key", f"no key of this manifest has the name `{name[:60]}`", hint)


def dangling_references(data: Data) -> Iterator[Finding]:
    """Yield each `${...}` that is neither `each` nor `var`."""
    for path, inside in references(data):
        if inside.partition(".")[0] not in ("each", "var") or not inside.partition(".")[2]:
            hint = "references are ${each.FIELD} and ${var.NAME}; a literal ${ is written $${"
            yield error("unknown-reference", "a reference here names nothing", hint), path


def misplaced_references(data: Data) -> Iterator[Finding]:
    """Yield each `${each.FIELD}` where no row can fill it in."""
    for path, inside in references(data):
        if inside.startswith("each.") and (why := _misplaced(data, path)):
            yield error("reference-not-here", *why), path


def unknown_variables(data: Data, variables: Mapping[str, Plain]) -> Iterator[Finding]:
    """Yield each `${var.NAME}` that no variable has."""
    for path, inside in references(data):
        root, _, name = inside.partition(".")
        if root == "var" and name and name not in variables:
            hint = did_you_mean(name, variables) or f"declare it: `vars: {{{name[:60]}: VALUE}}`"
            yield error("unknown-variable", f"no variable has the name `{name[:60]}`", hint), path


def _misplaced(data: Data, path: Path) -> tuple[str, str] | None:
    if path[0] == "keys":
        return "a key belongs to no row", "write the value itself"
    if len(path) < 3:
        return None
    job = mapping_at(data, "jobs", str(path[1]))
    if "for_each" not in job:
        return "this job has no for_each, so there is no row", "add `for_each:`; a literal ${ is written $${"
    if path[2] in CAMPAIGN_FIELDS:
        return f"`{path[2]}` holds for the whole campaign, not for one row", "write the value itself"
    if path[2] == "inputs" and path[4:] == ("result",) and not is_raw(job):
        return "the job that results are taken of is the same for every row", "write its name"
    return _misplaced_in_step(path[3:]) if path[2] == "for_each" else None


def _misplaced_in_step(path: Path) -> tuple[str, str] | None:
    number, option = (path[0], path[1:2]) if isinstance(path[0], int) else (0, path[:1])
    if option == ("id",):
        return None
    if option and option[0] not in _SOURCES:
        return f"`{option[0]}` is the same for every row", "write the value itself"
    if number == 0:
        return "the first step has no rows before it", "write a step before this one"
    return None


def _named_keys(data: Data) -> Iterator[tuple[Path, str]]:
    for job, fields in mapping_at(data, "jobs").items():
        for name, given in mapping_at(fields, "inputs").items():
            if not is_raw(fields) and isinstance(key := mapping_at(given).get("key"), str):
                yield ("jobs", job, "inputs", name, "key"), key
        if isinstance(key := mapping_at(fields, "output").get("key"), str):
            yield ("jobs", job, "output", "key"), key
        for path, step in steps_of(fields):
            if isinstance(key := mapping_at(step, "s3").get("key"), str):
                yield ("jobs", job, "for_each", *path, "s3", "key"), key


def steps_of(job: Data) -> Iterator[tuple[Path, Data]]:
    """Yield the steps of a job as they are written, each with its path below `for_each`."""
    given = job.get("for_each") if isinstance(job, dict) else None
    if isinstance(given, list):
        yield from (((number,), step) for number, step in enumerate(given))
    else:
        yield (), given


def is_raw(job: Data) -> bool:
    """Whether a job is of a process that takes its inputs as they stand."""
    fields = mapping_at(job)
    return not {"graph", "chain"} & fields.keys() and fields.get("process") not in ("snap-function", "dataTailor")


def mapping_at(data: Data, *path: str) -> dict[str, Data]:
    """Return the mapping at a path, an empty one where there is none."""
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
