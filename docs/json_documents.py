"""The blocks of `docs/reference/json.md`: the JSON documents that have a schema, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from docs.markdown import plain, table
from eocanvas_apply.cli.commands.schema import schemas

# The documents in reading order. The fields of a manifest and of a policy have pages of their own.
_NAMES = ("diagnostics", "plan", "apply-result", "status")


def blocks() -> Iterator[str]:
    """Yield the parts of the page."""
    yield (
        "With `--format json` a command prints one JSON document on standard output and nothing else, also when it "
        "fails early. `eocanvas-apply schema NAME` prints the schema of a document; [schemas/](../../schemas) has "
        "them all."
    )
    told: set[str] = set()
    for name in _NAMES:
        schema = schemas()[name]
        yield f"## {schema['title']}"
        yield f"Schema: [{name}.json](../../schemas/{name}.json)"
        yield from _document(schema)
        for model in [each for each in schema["$defs"] if each not in told]:
            yield f"### {_heading(model)}"
            yield from _document(schema["$defs"][model])
        told |= schema["$defs"].keys()
    events = schemas()["ledger-event"]
    yield f"## {events['title']}"
    yield "Schema: [ledger-event.json](../../schemas/ledger-event.json)"
    yield from _events(events)


def _document(schema: Mapping[str, Any]) -> Iterator[str]:
    if about := schema.get("description"):
        yield _unwrapped(about)
    if fields := schema.get("properties"):
        needed = schema.get("required", ())
        rows = ((f"`{name}`", _kind(field), "" if name in needed else "yes") for name, field in fields.items())
        yield table(("field", "type", "may be missing"), rows)
    elif words := schema.get("enum"):
        yield ", ".join(f"`{word}`" for word in words)


def _events(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that every line of a ledger has, and a table of the events with their own."""
    kinds = {kind: schema["$defs"][ref.rpartition("/")[2]] for kind, ref in schema["discriminator"]["mapping"].items()}
    shared = set.intersection(*(event["properties"].keys() - {"type"} for event in kinds.values()))
    first = next(iter(kinds.values()))["properties"]
    yield "Every line has these fields:"
    yield table(("field", "type"), ((f"`{name}`", _kind(field)) for name, field in first.items() if name in shared))
    yield "A claim holds only on the state of the ledger that it was decided on; a fact is appended until it stands."
    yield table(
        ("`type`", "its own fields", "meaning"),
        (
            (
                f"`{kind}`",
                ", ".join(f"`{name}`" for name in event["properties"] if name not in shared and name != "type"),
                plain(_unwrapped(event.get("description", "")).replace("\n\n", " ")),
            )
            for kind, event in kinds.items()
        ),
    )


def _heading(model: str) -> str:
    """Return a model's name in words: `KeyStatusJson` is a key status."""
    words = re.findall(r"[A-Z][a-z]*", model.removesuffix("Json"))
    return " ".join([words[0], *(word.lower() for word in words[1:])])


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        heading = _heading(field["$ref"].rpartition("/")[2])
        return f"[{heading.lower()}](#{heading.lower().replace(' ', '-')})"
    if several := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_kind, several)))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    return _plain(field)


def _plain(field: Mapping[str, Any]) -> str:
    kind = str(field.get("type", "any"))
    if kind == "array":
        return f"list of {_kind(field['items'])}" if field.get("items") else "list"
    if kind == "object" and isinstance(inner := field.get("additionalProperties"), dict):
        return f"mapping to {_kind(inner)}"
    return {"string": "text", "boolean": "true or false", "object": "mapping"}.get(kind, kind)


def _unwrapped(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
