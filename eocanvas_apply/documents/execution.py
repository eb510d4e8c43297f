"""The body of `POST /processes/{id}/execution`, as the official client 2.0.1 sends it.

`snap-function` takes a base64 graph with `eo_input` and `eo_config`, `dataTailor` a base64 chain with `epct_input`
and `epct_config`; both lists travel as JSON inside a string, one object an input, and the second is left out when it
is empty. Any other process takes its inputs as they stand.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

_FIELDS = {
    "snap-function": ("snap_graph", "eo_input", "eo_config"),
    "dataTailor": ("epct_chain", "epct_input", "epct_config"),
}


class ExecutionInput(Struct, frozen=True):
    """One input: its name in the graph, a URL or a path, the physical name of the key that opens the path."""

    name: str
    location: str
    keystore: str | None = None
    uncompress: bool | None = None
    sub_path: str | None = None

    def wire(self) -> dict[str, str]:
        """Return `{"img1": "/path", "schema": "keystore://key"}`, or only the first for a URL."""
        given = {self.name: self.location}
        return given if self.keystore is None else {**given, "schema": f"keystore://{self.keystore}"}

    def config(self) -> dict[str, dict[str, bool | str]] | None:
        """Return `{"img1": {"uncompress": true, "subPath": "..."}}`, None when nothing is asked."""
        options = {"uncompress": self.uncompress, "subPath": self.sub_path}
        asked = {name: value for name, value in options.items() if value is not None}
        return {self.name: asked} if asked else None


def body(
    process: str,
    document: str | None,
    inputs: Sequence[ExecutionInput],
    raw_inputs: Mapping[str, Any] | None,
    output_keystore: str | None,
) -> dict[str, Any]:
    """Return the request's body; `document` is the graph's XML or the chain's YAML, None for other processes."""
    given = dict(raw_inputs or {}) if document is None else _processing_inputs(process, document, inputs)
    outputs = {"output": {"format": {"schema": f"keystore://{output_keystore}"}}} if output_keystore else {}
    return {"inputs": given, "outputs": outputs, "response": "raw"}


def encoded(request: Mapping[str, Any]) -> bytes:
    """Return the bytes of a body; equal bodies give equal bytes. Raises ValueError for what JSON cannot say."""
    return json.dumps(request, allow_nan=False).encode()


def _processing_inputs(process: str, document: str, inputs: Sequence[ExecutionInput]) -> dict[str, str]:
    document_field, input_field, config_field = _FIELDS[process]
    given = {
        document_field: base64.b64encode(document.encode()).decode(),
        input_field: json.dumps([each.wire() for each in inputs]),
    }
    if configs := [config for each in inputs if (config := each.config())]:
        given[config_field] = json.dumps(configs)
    return given
