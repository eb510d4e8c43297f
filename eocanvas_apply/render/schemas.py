"""JSON schemas of what the commands print and the ledger holds, generated from the types they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from eocanvas_apply.ledger.events import AnyEvent, Entry
from eocanvas_apply.render.documents import ApplyDocument, DiagnosticsDocument, PlanDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENTS: Mapping[str, tuple[str, Any]] = {
    "plan": ("Plan", PlanDocument),
    "apply-result": ("Result of an apply or a destroy", ApplyDocument),
    "diagnostics": ("Diagnostics", DiagnosticsDocument),
}


def document_schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each document by its name, and `ledger-event`, one line of a ledger."""
    schemas = {name: titled(title, TypeAdapter(kind).json_schema()) for name, (title, kind) in _DOCUMENTS.items()}
    return schemas | {"ledger-event": titled("One line of a ledger", _ledger_event())}


def titled(title: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with its dialect and a title for people in front."""
    return {"$schema": DIALECT, "title": title} | {k: v for k, v in schema.items() if k not in {"$schema", "title"}}


def _ledger_event() -> dict[str, Any]:
    """Return the schema of the flat object: every event's own fields beside those of the envelope."""
    schema: dict[str, Any] = TypeAdapter(AnyEvent).json_schema()
    envelope = {k: v for k, v in Entry.model_json_schema()["properties"].items() if k != "event"}
    for definition in schema["$defs"].values():
        if "type" in definition["properties"]:
            definition["required"] = [*envelope, "type", *definition.get("required", ())]
            definition["properties"] = {**envelope, **definition["properties"]}
    return schema
