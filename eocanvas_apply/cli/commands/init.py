"""`init`: writes a first manifest and an example graph, and never overwrites anything."""

from __future__ import annotations

import os
from argparse import Namespace
from importlib import resources
from pathlib import Path

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.shared_options import add_output
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest.naming import project_name
from eocanvas_apply.manifest_sources import MANIFEST

EPILOG = """\
It writes eocanvas.yaml and graphs/subset.xml, with comments that say what to change, and a
.gitignore that keeps results out of Git. Nothing that exists is overwritten.

Examples:
  eocanvas-apply init
  eocanvas-apply init campaigns/baltic
"""

FILES = {MANIFEST: "eocanvas.yaml", "graphs/subset.xml": "subset.xml"}
IGNORED = ".gitignore"


def add_arguments(parser: Parser) -> None:
    """Declare the folder."""
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where to write (default: here)")
    add_output(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Write the files, all or none; a `.gitignore` only where there is none."""
    folder = Path(args.folder)
    _refuse_to_overwrite([folder / name for name in FILES])
    ignores = os.path.lexists(folder / IGNORED)
    files = FILES if ignores else {**FILES, IGNORED: "gitignore"}
    for name, template in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(_template(template).replace("@project@", project_name(folder.resolve().name)))
        console.say(f"wrote {path}")
    if ignores:
        console.say(f"{folder / IGNORED} exists already; with a line results/ it keeps downloaded results out of Git")
    written = [str(folder / name) for name in files]
    return Outcome(text=lambda _: _next_steps(folder), fields=lambda: {"init": [{"file": file} for file in written]})


def _refuse_to_overwrite(paths: list[Path]) -> None:
    taken = [path for path in paths if path.exists()]
    if taken:
        hint = "init never overwrites: use another folder, or move the file"
        raise UsageError(*(error("file-exists", f"{path} exists already", hint) for path in taken))


def _template(name: str) -> str:
    return (resources.files("eocanvas_apply.cli") / "templates" / name).read_text(encoding="utf-8")


_NEXT = (
    ("validate", "check it"),
    ("doctor", "check account and service; needs HDA_USER and HDA_PASSWORD"),
    ("plan", "show what would change"),
    ("apply", "do it"),
)
_WITHOUT_ACCOUNT = ("emulator --help", "without an account: an EOCanvas on this machine")


def _next_steps(folder: Path) -> str:
    option = "" if folder == Path() else f" -f {folder / MANIFEST}"
    steps = [*((command + option, purpose) for command, purpose in _NEXT), _WITHOUT_ACCOUNT]
    return "".join(f"  eocanvas-apply {command:<30} {purpose}\n" for command, purpose in steps)
