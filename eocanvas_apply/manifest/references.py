"""Names in a manifest that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.nearness import did_you_mean
from eocanvas_apply.documents.yaml_nodes import Data, Path
from eocanvas_apply.manifest.keys import EODATA
from eocanvas_apply.manifest.substitution import references

Finding = tuple[Diagnostic, Path]


def dangling_keys(data: Data) -> Iterator[Finding]:
    """Yield each `key:` of an input or output that no key of the manifest bears."""
    declared = {EODATA, *_mapping(data, "keys")}
    for path, name in _named_keys(data):
        if name not in declared:
            hint = (
                did_you_mean(name, declared) or f"declare it under keys:, or use one of {', '.join(sorted(declared))}"
            )
            yield error("unknown-key", f"no key of this manifest is called `{name[:60]}`", hint), path


def dangling_references(data: Data) -> Iterator[Finding]:
    """Yield each `${...}` that is neither `each` nor `var`."""
    for path, inside in references(data):
        if inside.partition(".")[0] not in ("each", "var") or not inside.partition(".")[2]:
            hint = "references are ${each.FIELD} and ${var.NAME}; a literal ${ is written $${"
            yield error("unknown-reference", "a reference here names nothing", hint), path


def _named_keys(data: Data) -> Iterator[tuple[Path, str]]:
    for job, fields in _mapping(data, "jobs").items():
        for name, given in _mapping(fields, "inputs").items():
            if not _is_raw(fields) and isinstance(key := _mapping(given).get("key"), str):
                yield ("jobs", job, "inputs", name, "key"), key
        if isinstance(key := _mapping(fields, "output").get("key"), str):
            yield ("jobs", job, "output", "key"), key


def _is_raw(job: Data) -> bool:
    fields = _mapping(job)
    return not {"graph", "chain"} & fields.keys() and fields.get("process") not in ("snap-function", "dataTailor")


def _mapping(data: Data, *path: str) -> dict[str, Data]:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
