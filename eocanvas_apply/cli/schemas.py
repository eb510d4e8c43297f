"""All JSON schemas by name. As a script it writes them into a folder: `python -m eocanvas_apply.cli.schemas FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NAMES = ("manifest", "plan", "apply-result", "ledger-event", "diagnostics")


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by its name."""
    from eocanvas_apply.manifest.schema import json_schema
    from eocanvas_apply.render.json_shapes import document_schemas

    found = {"manifest": json_schema(), **document_schemas()}
    return {name: found[name] for name in NAMES}


def text(schema: dict[str, Any]) -> str:
    """Return a schema as the file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write each into `<name>.json`."""
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.json").write_text(text(schema), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
