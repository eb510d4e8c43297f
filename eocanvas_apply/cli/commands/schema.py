"""`schema`: prints a JSON schema, for editors and for programs that read our output.

As a script it writes all of them into a folder: `python -m eocanvas_apply.cli.commands.schema FOLDER`.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.terminal.console import Console, Outcome

EPILOG = """\
In an editor with the YAML language server, this line at the top of a manifest checks it while you type:
  # yaml-language-server: $schema=manifest.json

Examples:
  eocanvas-apply schema manifest > manifest.json
  eocanvas-apply schema plan
"""
NAMES = ("manifest", "plan", "apply-result", "status", "ledger-event", "diagnostics", "policy")


def add_arguments(parser: Parser) -> None:
    """Declare which schema."""
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=", ".join(NAMES))


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Print it. A schema is JSON already, so there is no other form."""
    return Outcome(text=lambda _: text(schemas()[args.name]))


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by its name."""
    from eocanvas_apply.manifest.editor_schema import editor_schema
    from eocanvas_apply.policy.policy_model import Policy
    from eocanvas_apply.render.json_shapes import document_schemas

    found = {"manifest": editor_schema(), **document_schemas(), "policy": Policy.model_json_schema()}
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
