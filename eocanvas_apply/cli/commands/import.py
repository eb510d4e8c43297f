"""`import`: takes over a key or a job that exists already, or writes a manifest for all of an account."""

# ruff: noqa: N999 - a command and its file have one name

from __future__ import annotations

import asyncio
from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import allowed_paths, manifest_names, policy_of, settings, with_project
from eocanvas_apply.cli.shared_options import add_project, add_yes
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.manifest_sources import MANIFEST
from eocanvas_apply.render.layout import counted
from eocanvas_apply.vocabulary import ALLOWANCES, Allowance

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.definition import Definition

EPILOG = """\
The address stands in the manifest already. What the service shows of the key or job is compared with it. Where it
differs, you are asked: the next apply then replaces the key, or runs the job again. Nothing changes at the service.

The service never shows what a key holds: its configuration and secrets are taken from the manifest. A key is not
replaced because they cannot be verified, only when the manifest changes them later.

With --all a new manifest is written for what the account has: keys, jobs, and the graphs and chains of their logs. Its
jobs are put on record, so that none of them runs again.

Examples:
  eocanvas-apply import key.scenes my-s3-key
  eocanvas-apply import job.subset 1d8f5cbe-4d1c-5c1f-9a55-0b6a9e1f9a10
  eocanvas-apply import --all -f taken-over/eocanvas.yaml
"""


def add_arguments(parser: Parser) -> None:
    """Declare the address, and what becomes it."""
    parser.add_argument("address", nargs="?", metavar="ADDRESS", help="of a key or job in the manifest")
    parser.add_argument("target", nargs="?", metavar="NAME-OR-JOB-ID", help="of a key or job at the service")
    parser.add_argument("--all", action="store_true", help="write a new manifest for all keys and jobs of the account")
    parser.add_argument(
        f"--{Allowance.NEW_LEDGER}",
        dest="allowed",
        action="append_const",
        const=Allowance.NEW_LEDGER,
        default=[],
        help=ALLOWANCES[Allowance.NEW_LEDGER],
    )
    add_yes(parser)
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Compare, ask where something differs, and record it; with --all write a manifest for all there is."""
    if args.all:
        return _all(args, console)
    if args.target is None:
        hint = "write: eocanvas-apply import ADDRESS NAME-OR-JOB-ID, or import --all for a new manifest"
        raise UsageError(error("usage", "an address, and the name or id of what becomes it, are missing", hint))
    # A key needs no rows of campaigns.
    rows = "GIVEN" if args.address.startswith("key.") else "ASKED"
    return with_project(args, console, partial(_one, args, console), rows=rows)


async def _one(args: Namespace, console: Console, project: AsyncProject) -> Outcome:
    from eocanvas_apply.api.addresses import desired_address
    from eocanvas_apply.engine.adoption import importing
    from eocanvas_apply.render.account import taken_over as render

    engine = await project.engine()
    address = desired_address(args.address, await project.addresses(), await engine.recorded())
    found = await importing.look(engine, address, args.target, frozenset(args.allowed))
    shown = partial(render.text, found.adoption, found.next)
    asked = found.adoption.needs_consent and not (console.as_json and args.yes)
    if asked:
        console.err.write(shown(console.err.style))
    if found.adoption.needs_consent:
        confirm(console, "Import it although it is not as in the manifest?", yes=args.yes)
    await importing.record(engine, found)
    return Outcome(
        diagnostics=engine.findings,
        text=lambda style: ("" if asked else shown(style)) + render.done(found.adoption),
        fields=lambda: {"import": [render.as_json(found.adoption, found.next)]},
    )


def _all(args: Namespace, console: Console) -> Outcome:
    from eocanvas_apply.boundary import Boundary
    from eocanvas_apply.engine.adoption.account_import import blank
    from eocanvas_apply.manifest.naming import project_name

    if unfit := [name for name, given in _UNFIT_FOR_ALL.items() if getattr(args, given)]:
        hint = "write: eocanvas-apply import --all -f FILE, with a file that does not exist yet"
        raise UsageError(error("usage", f"{unfit[0]} is not for `import --all`, which writes a new manifest", hint))
    file, *more = manifest_names(args)
    if more or file.is_dir():
        what = "only one manifest is written" if more else f"{file} is a folder"
        folder = file if file.is_dir() else file.parent
        raise UsageError(error("usage", what, f"name the file to write: -f {folder / MANIFEST}"))
    name = project_name(file.parent.resolve().name)
    nothing = replace(blank(file, name, Boundary(file.parent, allowed_paths(args))), policy=policy_of(args))
    return asyncio.run(_whole_account(args, console, nothing))


_UNFIT_FOR_ALL = {"ADDRESS": "address", "--env": "env", "--var": "var"}


async def _whole_account(args: Namespace, console: Console, nothing: Definition) -> Outcome:
    from eocanvas_apply.engine.adoption.account_import import open_import
    from eocanvas_apply.render.account import drafted as render

    def heard(read: int, of: int) -> None:
        console.say(f"read {read} of {counted(of, 'log')}")

    async with open_import(nothing, settings(args, console), heard, frozenset(args.allowed)) as found:
        if not (console.as_json and args.yes):
            console.err.write(render.text(found.draft, str(nothing.file), console.err.style))
        confirm(console, "Write these files, and the jobs into the ledger?", yes=args.yes)
        files = [str(file) for file in await found.write()]
        return Outcome(
            diagnostics=found.engine.findings,
            text=lambda _: render.done(found.draft, files),
            fields=lambda: {"import": render.rows(found.draft)},
        )
