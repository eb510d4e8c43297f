"""`explain`: what a diagnostic code means, or the codes of a subject; and of a result's file what made it."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import read_now
from eocanvas_apply.cli.recorded_project import RecordedProject
from eocanvas_apply.cli.shared_options import add_allowed_paths, add_ledger, add_place, add_policy, add_variables
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.render.layout import one_line

if TYPE_CHECKING:
    from eocanvas_apply.checks.codes import Code
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.render.layout import Style
    from eocanvas_apply.report.provenance.file_origin import FileOrigin

EPILOG = """\
A code stands in brackets behind a message, such as [roi-bounds]. A subject, or a word of a name, lists the codes that
fit. Without any, all codes are listed by subject.

Of a file, or of the address of a result in the storage of a key, it shows what made it: job, graph or chain, inputs,
row, who launched it and when, and the line of the manifest. A file that was moved is found by its SHA-256, and one
that was edited is said to be so. The service is not asked.

Examples:
  eocanvas-apply explain roi-bounds
  eocanvas-apply explain results/subset/chl.nc
"""
# What no code and no subject holds.
_IN_PATHS = re.compile(r"[./\\]|^~")


def add_arguments(parser: Parser) -> None:
    """Declare which codes or files, and where the ledger and the manifest are that know of files."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="CODE|FILE",
        help="a code, a subject or a word of a name; the path of a result, or its address; several are allowed",
    )
    add_ledger(parser)
    add_variables(parser)
    add_allowed_paths(parser)
    add_policy(parser)
    add_place(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Explain the codes and files that are named, list the codes of a subject, or list all."""
    from eocanvas_apply.checks.codes import codes
    from eocanvas_apply.render.provenance import origin_page

    names = [*dict.fromkeys(args.names)]
    files = [name for name in names if _names_file(name)]
    asked = [_matching(name) for name in names if name not in files] if names else [list(codes().values())]
    origins, faults = _origins(args, files) if files else ([], ())
    return Outcome(
        diagnostics=faults,
        text=lambda style: "\n".join(
            [*(_text(group, style) for group in asked), *(origin_page.text(each, style) for each in origins)]
        ),
        fields=lambda: {"explain": [*_pages(asked), *map(origin_page.as_json, origins)]},
    )


def _names_file(name: str) -> bool:
    from eocanvas_apply.checks.codes import matching
    from eocanvas_apply.files import is_file

    return not matching(name) and (_IN_PATHS.search(name) is not None or is_file(Path(name)))


def _origins(args: Namespace, files: Sequence[str]) -> tuple[list[FileOrigin], tuple[Diagnostic, ...]]:
    """Return what made these files, and a warning where no manifest says it too.

    Raises UsageError for a file that is no result.
    """
    from eocanvas_apply.api.provenance import origin_of

    project = RecordedProject(args, rows=True)
    recorded = read_now(project.recorded())
    project.require_own(recorded)
    campaigns, entries = project.campaigns, read_now(project.ledger().backend.read())
    found = [origin_of(file, recorded, entries, project.boundary, campaigns) for file in files]
    return found, project.rows_not_described()


def _pages(asked: Sequence[Sequence[Code]]) -> list[dict[str, object]]:
    from eocanvas_apply.checks.explanations import explanations
    from eocanvas_apply.render import code_pages as render

    found = dict.fromkeys(code for group in asked for code in group)
    return [dict(render.page_as_json(code, explanations()[code.name])) for code in found]


def _text(group: Sequence[Code], style: Style) -> str:
    """Return the page of a single code, or the list of several."""
    from eocanvas_apply.checks.codes import subjects
    from eocanvas_apply.checks.explanations import explanations
    from eocanvas_apply.render import code_pages as render

    if len(group) == 1:
        return render.page(group[0], explanations()[group[0].name], style)
    return render.by_subject(group, subjects(), style)


def _matching(text: str) -> Sequence[Code]:
    from eocanvas_apply.checks.codes import codes, matching, subjects
    from eocanvas_apply.diagnostics import nearest

    if found := matching(text):
        return found
    words = {word for name in codes() for word in name.split("-") if len(word) > 3}
    hint = "`eocanvas-apply explain` lists all codes"
    if near := nearest(text, {*codes(), *subjects(), *words}):
        named = near in codes() or near in subjects()
        hint = f"did you mean {near}?" if named else f"`eocanvas-apply explain {near}` lists the codes with this word"
    message = f"no diagnostic code or subject is called `{one_line(text, 80)}`"
    raise UsageError(error("usage", message, hint))
