"""Inputs of a process against the service's own description of them (OGC API - Processes, Part 1: JSON Schema).

The description comes from outside: what could cost much to judge is not judged, and no reference is followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.yaml.nodes import Path

# A schema of one input is some hundred bytes long.
_LONGEST_SCHEMA = 20_000
_MOST_FAULTS = 3
_LONGEST_WORDS = 200
# A pattern may take for ever, and a reference may lead anywhere.
_NOT_JUDGED = frozenset({"pattern", "patternProperties", "$ref", "$dynamicRef", "$recursiveRef"})

Finding = tuple[Diagnostic, Path]


def input_faults(given: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the inputs of a job, each with its path below `inputs`.

    `described` has by name what the service says of each input: `schema`, and `minOccurs`, which is 1 by default.
    """
    for name, about in described.items():
        if name not in given and _is_required(about):
            hint = f"add `{name[:60]}:` to inputs"
            yield error("process-input-missing", f"the process needs the input `{name[:60]}`", hint), ()
    for name, value in given.items():
        if name not in described:
            hint = did_you_mean(name, described) or "ignore this if the service takes it"
            yield warning("process-input-unknown", f"the process describes no input `{name[:60]}`", hint), (name,)
        else:
            yield from _schema_faults(name, value, described[name])


def _is_required(about: Any) -> bool:
    if not isinstance(about, dict):
        return False
    schema = about.get("schema")
    has_default = isinstance(schema, dict) and "default" in schema
    return about.get("minOccurs", 1) not in (0, "0") and not has_default


def _schema_faults(name: str, value: Any, about: Any) -> Iterator[Finding]:
    schema = about.get("schema") if isinstance(about, dict) else None
    if not isinstance(schema, dict) or not _is_judged(schema):
        return
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
        found = list(islice(Draft202012Validator(schema).iter_errors(value), _MOST_FAULTS))
    except (SchemaError, RecursionError):
        # The description is wrong, and says nothing of the input.
        return
    for each in found:
        words = each.message if len(each.message) <= _LONGEST_WORDS else f"it does not fit `{each.validator}`"
        hint = "see the description of the process at the service"
        yield (
            error("process-input-value", f"the process does not take this: {words}", hint),
            (name, *each.absolute_path),
        )


def _is_judged(schema: Mapping[str, Any]) -> bool:
    try:
        return len(json.dumps(schema)) <= _LONGEST_SCHEMA and not _NOT_JUDGED & {*_names(schema)}
    except (RecursionError, ValueError):
        return False


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema
        for each in schema.values():
            yield from _names(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _names(each)
