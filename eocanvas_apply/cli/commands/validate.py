"""`validate`: checks the manifest and the files it names. No network, no credentials, no secret is resolved.

Only `--online` reads the service, and only `--storage` resolves the secrets of keys, and asks the storages with them.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import opened_project, read_now, settings
from eocanvas_apply.cli.shared_options import CI_FORMATS, add_manifest, add_secrets, add_storage
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.errors import EocanvasApplyError, SafetyRefusal
from eocanvas_apply.render.layout import counted

if TYPE_CHECKING:
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.engine.definition import Campaigns
    from eocanvas_apply.report.checked_storage import CheckedStorage

EPILOG = """\
All faults are shown at once, each with its line and what to do about it. In CI the formats github (annotations),
gitlab (Code Quality), sarif (2.1.0) and junit (XML) hold the diagnostics and nothing else.

Examples:
  eocanvas-apply validate
  eocanvas-apply validate --online --storage
  eocanvas-apply validate --format sarif > eocanvas.sarif
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument(
        "--online",
        action="store_true",
        help="also log in and check the processes of jobs, keys of type existing and fixed names against the service; "
        "nothing is changed",
    )
    add_storage(parser)
    add_secrets(parser)
    add_manifest(parser, *CI_FORMATS)


def run(args: Namespace, console: Console) -> Outcome:
    """Check; raises ManifestError with all findings when one of them is an error."""
    from eocanvas_apply.engine.definition import given_rows, offline_findings
    from eocanvas_apply.render.account import storage_checks

    campaigns = given_rows(opened_project(args), datetime.now(UTC))
    if campaigns.refusals:
        raise SafetyRefusal(*campaigns.refusals, *offline_findings(campaigns))
    online = _online(args, campaigns, console) if args.online else ()
    warnings, checked = _storages(args, campaigns, console) if args.storage else ((), ())
    found = [*offline_findings(campaigns), *online, *warnings, *(d for each in checked for d in each.diagnostics)]
    faulty = has_errors(found)
    lines = [
        f"{campaigns.project.files}: {_size(campaigns)}{'' if faulty else ', no errors'}",
        *map(storage_checks.line, checked),
    ]
    return Outcome(
        Exit.ERROR if faulty else Exit.DONE,
        found,
        text=lambda _: "".join(f"{line}\n" for line in lines),
        fields=lambda: {"storage": [storage_checks.as_json(each) for each in checked]} if args.storage else {},
    )


def _size(campaigns: Campaigns) -> str:
    manifest, known = campaigns.project.manifest, campaigns.expansion.instances
    instances = f" ({counted(sum(map(len, known.values())), 'instance')} of campaigns)" if known else ""
    return f"{counted(len(manifest.keys), 'key')} and {counted(len(manifest.jobs), 'job')}{instances}"


def _online(args: Namespace, campaigns: Campaigns, console: Console) -> Sequence[Diagnostic]:
    """Return what the service says; where it cannot be asked, why."""
    from eocanvas_apply.engine.inspection.online import online_findings

    try:
        return read_now(online_findings(campaigns, settings(args, console)))
    except EocanvasApplyError as fault:
        return fault.diagnostics


def _storages(
    args: Namespace, campaigns: Campaigns, console: Console
) -> tuple[Sequence[Diagnostic], Sequence[CheckedStorage]]:
    """Return what there is to say of the secrets, and what came of asking the storages with them."""
    import asyncio

    from eocanvas_apply.engine.inspection.preflight import preflight
    from eocanvas_apply.engine.opening import open_vault, secret_sources, timing_overrides
    from eocanvas_apply.secrets.scrubbing import SCRUBBER

    project = campaigns.project
    vault = open_vault(project, secret_sources(project, os.environ, allow_commands=args.allow_commands))
    SCRUBBER.learn(vault.all_secrets)
    timing = timing_overrides(os.environ)
    return vault.warnings, asyncio.run(
        preflight(campaigns, vault, timing, write=args.storage == "write", late=console.say)
    )
