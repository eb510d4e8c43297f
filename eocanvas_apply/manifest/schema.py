"""The JSON schema of the manifest, for editors."""

from __future__ import annotations

from typing import Any

from eocanvas_apply.manifest.model.manifest import Manifest

# Fields that are no texts and may all the same be filled in by a row of a campaign.
_OF_A_ROW = frozenset({"key", "max_duration", "uncompress"})
_BY_ROWS = ("KeyInput", "ProductInput", "UrlInput", "ResultInput", "ToKey", "SnapJob", "TailorJob", "RawJob")
_REFERENCE = {"type": "string", "pattern": r"\$\{each\."}


def json_schema() -> dict[str, Any]:
    """Return the schema; fields that begin with `x-` are the user's own."""
    schema = Manifest.model_json_schema(mode="validation")
    for model in _BY_ROWS:
        fields = schema["$defs"][model]["properties"]
        fields.update({name: _open_to_rows(fields[name]) for name in _OF_A_ROW & fields.keys()})
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["patternProperties"] = {"^x-": {"description": "Your own; eocanvas-apply does not read it."}}
    return schema


def _open_to_rows(field: dict[str, Any]) -> dict[str, Any]:
    about = {name: value for name, value in field.items() if name in ("title", "description", "default")}
    values = {name: value for name, value in field.items() if name not in about}
    return {"anyOf": [*values.get("anyOf", [values]), _REFERENCE], **about}
