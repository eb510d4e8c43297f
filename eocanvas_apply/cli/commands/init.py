"""`init`: writes a first manifest and an example graph, and never overwrites anything."""

from __future__ import annotations

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
It writes eocanvas.yaml and graphs/subset.xml, with comments that say what to change.
Nothing that exists is overwritten.

Examples:
  eocanvas-apply init
  eocanvas-apply init campaigns/baltic
"""

FILES = {MANIFEST: "eocanvas.yaml", "graphs/subset.xml": "subset.xml"}


def add_arguments(parser: Parser) -> None:
    """Declare the folder."""
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where to write (default: here)")
    add_output(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Write the files, all or none."""
    folder = Path(args.folder)
    _refuse_to_overwrite([folder / name for name in FILES])
    for name, template in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(_template(template).replace("@project@", project_name(folder.resolve().name)))
        console.say(f"wrote {path}")
    written = [str(folder / name) for name in FILES]
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


def _next_steps(folder: Path) -> str:
    option = "" if folder == Path() else f" -f {folder / MANIFEST}"
    return "".join(f"  eocanvas-apply {command + option:<30} {purpose}\n" for command, purpose in _NEXT)
