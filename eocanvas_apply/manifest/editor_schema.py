"""The schema of manifests for editors: a fault is reported at its own field.

pydantic writes a union as `oneOf`: with one wrong field every member fails, and an editor lists them all. Here the type
of a value chooses the member, and of mappings the field that only this member has, such as `graph`, or its `type`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from eocanvas_apply.manifest.model.manifest import json_schema
from eocanvas_apply.manifest.model.times import format_duration
from eocanvas_apply.manifest.schema_of_parts import add_parts

Schema = dict[str, Any]
_UNIONS = ("oneOf", "anyOf")


def editor_schema() -> Schema:
    """Return the schema."""
    schema = json_schema()
    add_parts(schema)
    rewritten: Schema = _Unions(schema["$defs"]).rewritten(schema)
    return rewritten


class _Unions:
    """Rewrites the unions of a schema; `models` are its `$defs`."""

    def __init__(self, models: Mapping[str, Schema]) -> None:
        self._models = models

    def rewritten(self, part: Any) -> Any:
        """Return a part of the schema without `oneOf` and `anyOf`."""
        if isinstance(part, list):
            return [self.rewritten(each) for each in part]
        if not isinstance(part, dict):
            return part
        rest = {name: self.rewritten(each) for name, each in part.items() if name not in _UNIONS}
        members = [self.rewritten(each) for each in _members(part)]
        whole = {**rest, **self._chosen(members)} if members else rest
        return {**whole, "default": _duration(whole["default"])} if _is_duration(whole) else whole

    def _chosen(self, members: Sequence[Schema]) -> Schema:
        """Return the schema that lets the type of a value choose among these members."""
        by_type: dict[str, list[Schema]] = {}
        for member in members:
            by_type.setdefault(self._type(member), []).append(member)
        if "" in by_type:
            return {}
        rules = {kind: self._of_one_type(kind, some) for kind, some in by_type.items()}
        if len(rules) == 1:
            return next(iter(rules.values()))
        choices = [{"if": {"type": kind}, "then": rule} for kind, rule in rules.items() if rule != {"type": kind}]
        return {"type": list(rules), **({"allOf": choices} if choices else {})}

    def _of_one_type(self, kind: str, members: Sequence[Schema]) -> Schema:
        if len(members) == 1:
            return members[0]
        if kind == "string":
            patterns = [member.get("pattern") or f"^({'|'.join(member['enum'])})$" for member in members]
            return {**members[0], "pattern": "|".join(f"({pattern})" for pattern in patterns)}
        return self._by_field(members)

    def _by_field(self, members: Sequence[Schema]) -> Schema:
        """Return the schema that lets a field of a mapping choose; a mapping without it is of the fallback."""
        conditions = [self._condition(member, members) for member in members]
        named = [(condition, member) for condition, member in zip(conditions, members, strict=True) if condition]
        rest = [member for condition, member in zip(conditions, members, strict=True) if not condition]
        words = [word for word in map(self._type_word, members) if word]
        chosen: Schema = rest[0] if rest else members[0]
        if words:
            chosen = {"type": "object", "required": ["type"], "properties": {"type": {"enum": words}}}
        for condition, member in reversed(named):
            chosen = {"if": condition, "then": member, "else": chosen}
        return chosen

    def _condition(self, member: Schema, members: Sequence[Schema]) -> Schema:
        """Return when a mapping is of this member: by its `type`, a field that only it has, or its own process."""
        if word := self._type_word(member):
            return {"required": ["type"], "properties": {"type": {"const": word}}}
        model = self._model(member)
        others = [self._model(each).get("properties", {}) for each in members if each is not member]
        own = [name for name in model.get("required", ()) if not any(name in fields for fields in others)]
        if not own:
            return {}
        process = model["properties"].get("process", {}).get("const")
        by_process = {"required": ["process"], "properties": {"process": {"const": process}}}
        return {"anyOf": [{"required": own[:1]}, by_process]} if process else {"required": own[:1]}

    def _type_word(self, member: Schema) -> str | None:
        word: str | None = self._model(member).get("properties", {}).get("type", {}).get("const")
        return word

    def _model(self, member: Schema) -> Schema:
        return self._models[member["$ref"].rpartition("/")[2]] if "$ref" in member else member

    def _type(self, member: Schema) -> str:
        found: str = self._model(member).get("type", "")
        return found


def _is_duration(field: Schema) -> bool:
    return "1h30m" in field.get("examples", ()) and "default" in field


def _duration(default: str) -> str:
    """Return a default as a manifest writes it, where pydantic has `PT2H`."""
    return format_duration(TypeAdapter(timedelta).validate_python(default))


def _members(part: Schema) -> Iterator[Schema]:
    """Yield the members of a union, those of unions within it in their place."""
    for name in _UNIONS:
        for member in part.get(name, ()):
            inner = list(_members(member))
            yield from inner or [member]
