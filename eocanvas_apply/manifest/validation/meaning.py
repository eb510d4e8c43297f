"""What the types of a manifest cannot see: names that do not exist, and fields that mean nothing where they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from eocanvas_apply.diagnostics import Diagnostic, Suggestions, error, warning
from eocanvas_apply.documents.yaml.nodes import Data, Path, Plain
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.notify import RUN_FIELDS
from eocanvas_apply.manifest.model.steps import KINDS
from eocanvas_apply.manifest.substitution import is_empty, of_run, references, refers_to_row

# A hint lists no more names.
_MOST_LISTED = 20
Finding = tuple[Diagnostic, Path]
# Of a campaign as a whole: one instance cannot have another.
CAMPAIGN_FIELDS = frozenset(
    {"accept_terms", "canary", "checks", "mark", "on_change", "on_doubt", "process", "retries", "skip", "stop_after"}
)


def dangling_keys(data: Data) -> Iterator[Finding]:
    """Yield each `key:` of an input or output that no key of the manifest has."""
    declared = {EODATA, *mapping_at(data, "keys")}
    suggestions = Suggestions()
    for path, name in _named_keys(data):
        if name not in declared and not refers_to_row(name):
            yield unknown_key(name, declared, suggestions), path


def unknown_key(name: str, declared: Collection[str], suggestions: Suggestions | None = None) -> Diagnostic:
    """Return the diagnostic about a name that no key of the manifest has."""
    others = f", or use one of {', '.join(sorted(declared))}" if len(declared) <= _MOST_LISTED else ""
    hint = (suggestions or Suggestions()).near(name, declared) or f"declare it under keys:{others}"
    return error("unknown-key", f"no key of this manifest has the name `{name[:60]}`", hint)


def dangling_references(data: Data) -> Iterator[Finding]:
    """Yield each `${...}` that is neither `each` nor `var`."""
    for path, inside in references(data):
        root, _, name = inside.partition(".")
        if of_run(path):
            if (root == "run" and name not in RUN_FIELDS) or root not in ("run", "var") or not name:
                hint = f"references of a body are ${{var.NAME}} and ${{run.NAME}}: {', '.join(RUN_FIELDS)}"
                yield error("unknown-reference", "a reference here names nothing", hint), path
        elif root not in ("each", "var") or not name:
            hint = "references are ${each.FIELD} and ${var.NAME}; a literal ${ is written $${"
            yield error("unknown-reference", "a reference here names nothing", hint), path


def misplaced_references(data: Data) -> Iterator[Finding]:
    """Yield each `${each.FIELD}` where no row can fill it in."""
    for path, inside in references(data):
        if inside.startswith("each.") and not of_run(path) and (why := _misplaced(data, path)):
            yield error("reference-not-here", *why), path


def variables_without_value(data: Data, variables: Mapping[str, Plain]) -> Iterator[Finding]:
    """Yield each `${var.NAME}` that no variable has, or whose variable is empty."""
    suggestions = Suggestions()
    for path, inside in references(data):
        root, _, name = inside.partition(".")
        if root == "var" and name and name not in variables:
            hint = suggestions.near(name, variables) or f"declare it: `vars: {{{name[:60]}: VALUE}}`"
            yield error("unknown-variable", f"no variable has the name `{name[:60]}`", hint), path
        elif root == "var" and name and is_empty(variables[name]):
            hint = f"give it a value: `--var {name[:60]}=VALUE`, or under `vars:`"
            yield error("empty-field", f"the variable `{name[:60]}` is empty", hint), path


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
    number, option = (path[0], path[1:2]) if path and isinstance(path[0], int) else (0, path[:1])
    if option == ("id",):
        return None
    if option and option[0] not in KINDS:
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
    found = value_at(data, path)
    return found if isinstance(found, dict) else {}


def value_at(data: Data, path: Path) -> Data:
    """Return the value at a path, None where there is none."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


_OF_INSTANCES = {
    "skip": "a single job has no ids; write `skip: reason` with the reason alone",
    "canary": "remove it: a single job has no other instances",
    "stop_after": "remove it: `retries` says how often a single job is tried again",
}


def without_rows(data: Data) -> Iterator[Finding]:
    """Yield each field about instances in a job that has none, and a campaign that is skipped as a whole."""
    for name, job in mapping_at(data, "jobs").items():
        fields = mapping_at(job)
        for field, hint in _OF_INSTANCES.items():
            alone = field == "skip" and not isinstance(fields.get(field), dict)
            if field in fields and not alone and "for_each" not in fields:
                message = f"`{field}` is about the instances of a campaign, and `{name[:60]}` has no for_each"
                yield error("needs-for-each", message, hint), ("jobs", name, field)
        if "for_each" in fields and isinstance(fields.get("skip"), str):
            message = f"`skip` of the campaign `{name[:60]}` must name instances"
            yield error("wrong-type", message, "write `skip: {id: reason}`"), ("jobs", name, "skip")


def skipped_without_row(job: str, skip: Mapping[str, str], ids: Sequence[str]) -> Iterator[tuple[Diagnostic, Path]]:
    """Yield each id under `skip:` that no instance of the campaign has."""
    known = frozenset(ids)
    suggestions = Suggestions()
    for written in skip:
        if written not in known:
            hint = suggestions.near(written, ids) or "it skips nothing; remove it when its row is gone for good"
            found = warning("skip-without-row", f"no row of `{job}` has the id `{written[:60]}`", hint)
            yield found, ("jobs", job, "skip", written)


def is_open(data: Data, path: Path) -> bool:
    """Whether the value at a path of a manifest's data waits for a row."""
    if len(path) < 3 or path[0] != "jobs" or path[2] == "for_each" or path[2] in CAMPAIGN_FIELDS:
        return False
    value = value_at(data, path)
    return "for_each" in mapping_at(data, "jobs", str(path[1])) and isinstance(value, str) and refers_to_row(value)


def without_open(data: Data, paths: list[Path]) -> Data:
    """Return the data without these fields; an input's key or job, which is required, becomes eodata."""
    copy = _copied(data)
    for path in paths:
        at = path[:3] if path[2] == "output" else path
        if isinstance(owner := value_at(copy, at[:-1]), dict):
            if at[-1] in ("key", "result"):
                owner[str(at[-1])] = EODATA
            else:
                owner.pop(str(at[-1]), None)
    return copy


def _copied(data: Data) -> Data:
    """Return a copy of the mappings; what else they hold is shared."""
    return {name: _copied(value) for name, value in data.items()} if isinstance(data, dict) else data
