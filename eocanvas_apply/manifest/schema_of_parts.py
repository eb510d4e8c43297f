"""The parts of a manifest in its schema: keys and jobs of which the rest stands in `defaults` or in an environment.

Of a part every field is judged where it stands, and none is missing: only the manifest as a whole must have all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from eocanvas_apply.manifest.layers.defaults import OWNERS
from eocanvas_apply.manifest.layers.overlays import FIELDS

Schema = dict[str, Any]
_PARTS = {"keys": "KeyFields", "jobs": "JobFields"}
_WORDS = ("title", "description", "default")


def add_parts(schema: Schema) -> None:
    """Add to the schema of a manifest what `defaults` and `environments` may hold, and what they make of the rest."""
    models, whole = schema["$defs"], schema["properties"]
    names = {block: list(whole[block]["patternProperties"]) for block in _PARTS}
    for block, part in _PARTS.items():
        kinds = [models[model.__name__] for model in OWNERS[block].kinds.values()]
        models[part] = _fields_of(kinds, f"Fields of a {OWNERS[block].one}.")
        models["Defaults"]["properties"][block] |= {"additionalProperties": False, "properties": _shared(block, models)}
    parts = {block: _block(whole[block], names[block][0], part) for block, part in _PARTS.items()}
    overlaid = {block: _block(whole[block], names[block][0], part, or_null=True) for block, part in _PARTS.items()}
    models["Overlay"] = _overlay({**{name: whole[name] for name in FIELDS}, **overlaid})
    (environment,) = whole["environments"]["patternProperties"]
    whole["environments"]["patternProperties"][environment] = {"$ref": "#/$defs/Overlay"}
    complete = {block: whole[block] for block in _PARTS}
    whole |= {block: {"description": whole[block]["description"]} for block in _PARTS}
    schema["if"] = {"not": {"required": ["defaults"]}, "properties": {"environments": False}}
    schema["then"], schema["else"] = {"properties": complete}, {"properties": parts}


def _shared(block: str, models: Schema) -> Schema:
    fields = models[_PARTS[block]]["properties"]
    return {name: fields[name] for name in fields if name in OWNERS[block].fields}


def _block(whole: Schema, names: str, part: str, *, or_null: bool = False) -> Schema:
    fields = {"$ref": f"#/$defs/{part}"}
    return {**whole, "patternProperties": {names: {"anyOf": [fields, {"type": "null"}]} if or_null else fields}}


def _overlay(fields: Schema) -> Schema:
    own = {"^x-": {"description": "Your own; eocanvas-apply does not read it."}}
    about = {"title": "Overlay", "description": "What an environment has in place of the manifest's fields."}
    return {**about, "type": "object", "additionalProperties": False, "properties": fields, "patternProperties": own}


def _fields_of(kinds: Sequence[Schema], about: str) -> Schema:
    named: dict[str, list[Schema]] = {}
    for kind in kinds:
        for name, field in kind["properties"].items():
            named.setdefault(name, []).append(field)
    properties = {name: _common(fields) for name, fields in named.items()}
    return {"description": about, "type": "object", "additionalProperties": False, "properties": properties}


def _common(fields: Sequence[Schema]) -> Schema:
    """Return what a field is in all kinds that have it: where they differ, only its words or its type."""
    rules = [{name: value for name, value in field.items() if name not in _WORDS} for field in fields]
    if len({json.dumps(rule, sort_keys=True) for rule in rules}) == 1:
        return fields[0]
    about = {name: value for name, value in fields[0].items() if name in ("title", "description")}
    words = [rule["const"] for rule in rules if "const" in rule]
    if len(words) == len(rules):
        return {**about, "description": "One of these.", "type": "string", "enum": words}
    types = {rule.get("type") for rule in rules}
    return {**about, **({"type": types.pop()} if len(types) == 1 else {})}
