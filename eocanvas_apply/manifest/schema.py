"""The JSON schema of the manifest, for editors."""

from __future__ import annotations

from typing import Any

from eocanvas_apply.manifest.model import Manifest


def json_schema() -> dict[str, Any]:
    """Return the schema; fields that begin with `x-` are the user's own."""
    schema = Manifest.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["patternProperties"] = {"^x-": {"description": "Your own; eocanvas-apply does not read it."}}
    return schema
