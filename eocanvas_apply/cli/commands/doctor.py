"""`doctor`: checks everything that must be right before an apply can work."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.arguments import add_project, manifest_file, run_with, settings, variables
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.errors import CredentialsError, ManifestError

if TYPE_CHECKING:
    from eocanvas_apply.engine.definition import Definition
    from eocanvas_apply.engine.doctor import Finding

EPILOG = """\
It logs in and reads, and changes nothing. Without a manifest it checks the account and the service only.

Examples:
  eocanvas-apply doctor
  eocanvas-apply doctor --format json
"""

add_arguments = add_project


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Check everything; what fails is a finding."""
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.definition import Rows
    from eocanvas_apply.engine.doctor import Finding, examine, faults

    findings, project = _manifest(args)
    try:
        found = settings(args)
    except CredentialsError as fault:
        return _outcome([*findings, *faults("credentials", fault)])
    credentials = Finding("credentials", f"{found.credentials.username} from {found.credentials.origin}")

    async def work(opened: AsyncProject) -> Outcome:
        return _outcome([*findings, credentials, *await examine(await opened.engine())])

    return run_with(AsyncProject(project, found, Rows.GIVEN), work)


def _manifest(args: Namespace) -> tuple[list[Finding], Definition]:
    """Return what is found about the manifest, and its project: an empty one where there is none that can be read."""
    from eocanvas_apply.engine.definition import given_rows, open_project, parse_project
    from eocanvas_apply.engine.doctor import Finding, faults

    path = manifest_file(args)
    empty = parse_project("version: 1\nproject: none\n", path, lambda _: b"")
    if not path.exists():
        return [Finding("manifest", f"none at {path}")], empty
    try:
        project = open_project(path, variables(args))
        given_rows(project, datetime.now(UTC))
    except ManifestError as fault:
        return faults("manifest", fault), empty
    return [Finding("manifest", f"{path}: project {project.manifest.project}")], project


def _outcome(findings: list[Finding]) -> Outcome:
    from eocanvas_apply.render.layout import table

    wrong = [each.diagnostic for each in findings if each.diagnostic]
    rows = [["ok" if each.ok else "!!", each.subject, each.found] for each in findings]
    documents = [{"subject": each.subject, "found": each.found, "ok": each.ok} for each in findings]
    return Outcome(
        Exit.ERROR if has_errors(wrong) else Exit.DONE,
        wrong,
        text=lambda style: table(("", "checked", "found"), rows, style),
        fields=lambda: {"doctor": documents},
    )
