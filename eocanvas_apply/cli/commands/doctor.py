"""`doctor`: looks at everything that must be right before an apply can work."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.cli.exit_codes import Exit
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, engine_settings, worked
from eocanvas_apply.cli.settings import manifest_file, variables
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.errors import CredentialsError, ManifestError

if TYPE_CHECKING:
    from eocanvas_apply.engine.doctor import Finding
    from eocanvas_apply.engine.opening import Settings
    from eocanvas_apply.engine.project import Project
    from eocanvas_apply.errors import EocanvasApplyError

EPILOG = """\
It logs in and reads, and changes nothing. Without a manifest it looks at the account and the service alone.

Examples:
  eocanvas-apply doctor
  eocanvas-apply doctor --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Examine everything; what fails is a finding."""
    from eocanvas_apply.engine.campaigns import Rows

    findings, project = _manifest(manifest_file(args), variables(args))
    try:
        settings = engine_settings(args)
    except CredentialsError as fault:
        return _outcome([*findings, *_faults("credentials", fault)])
    return asyncio.run(worked(project, settings, Rows.GIVEN, lambda session: _examined(findings, settings, session)))


async def _examined(findings: list[Finding], settings: Settings, session: Session) -> Outcome:
    from eocanvas_apply.engine.doctor import Finding, examine

    credentials = Finding("credentials", f"{settings.credentials.username} from {settings.credentials.origin}")
    return _outcome([*findings, credentials, *await examine(session.engine)])


def _manifest(path: Path, given: Mapping[str, str]) -> tuple[list[Finding], Project]:
    from eocanvas_apply.engine.campaigns import given_rows
    from eocanvas_apply.engine.doctor import Finding
    from eocanvas_apply.engine.project import open_project

    if not path.exists():
        return [Finding("manifest", f"none at {path}")], _stand_in(path)
    try:
        project = open_project(path, given)
        given_rows(project, datetime.now(UTC))
    except ManifestError as fault:
        return _faults("manifest", fault), _stand_in(path)
    return [Finding("manifest", f"{path}: project {project.manifest.project}")], project


def _stand_in(path: Path) -> Project:
    """Return an empty project, so that account and service can be looked at without a manifest."""
    from eocanvas_apply.engine.project import parse_project

    return parse_project("version: 1\nproject: none\n", path, lambda _: b"")


def _faults(subject: str, fault: EocanvasApplyError) -> list[Finding]:
    from eocanvas_apply.engine.doctor import Finding

    return [Finding(subject, each.message, each) for each in fault.diagnostics]


def _outcome(findings: list[Finding]) -> Outcome:
    from eocanvas_apply.render.layout import table

    wrong = [each.diagnostic for each in findings if each.diagnostic]
    rows = [["ok" if each.ok else "!!", each.subject, each.found] for each in findings]
    documents = [{"subject": each.subject, "found": each.found, "ok": each.ok} for each in findings]
    return Outcome(
        Exit.ERROR if has_errors(wrong) else Exit.DONE,
        wrong,
        text=lambda style: table(("", "looked at", "found"), rows, style),
        fields=lambda: {"doctor": documents},
    )
