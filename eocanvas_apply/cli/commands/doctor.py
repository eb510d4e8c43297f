"""`doctor`: checks everything that must be right before an apply can work."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import manifest_files, opened_project, run_with, settings
from eocanvas_apply.cli.shared_options import add_project, add_sealing, add_storage
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import Diagnostic, Severity, has_errors
from eocanvas_apply.errors import CredentialsError, ManifestError, UsageError
from eocanvas_apply.manifest_sources import MANIFEST

if TYPE_CHECKING:
    from eocanvas_apply.engine.definition import Definition
    from eocanvas_apply.engine.inspection.doctor import Finding
    from eocanvas_apply.secrets.vault import Vault

EPILOG = """\
It logs in and reads what `plan` reads, and changes nothing: `!!` is an error, `!` a warning, and an error exits with 1.
Without a manifest it checks the account and the service only.

Examples:
  eocanvas-apply doctor
  eocanvas-apply doctor --format json
  eocanvas-apply doctor --storage=write
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_storage(parser)
    add_sealing(parser)
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Check everything; what fails is a finding."""
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.definition import Rows, given_rows
    from eocanvas_apply.engine.inspection.doctor import Finding, examine, faults, listed, secrets
    from eocanvas_apply.engine.opening import open_vault, secret_sources
    from eocanvas_apply.secrets.scrubbing import SCRUBBER

    (findings, project), vault = _manifest(args), None
    try:
        # As long as the policy refuses something, no secret is read and no storage is asked.
        if refused := listed("policy", given_rows(project, datetime.now(UTC)).refusals):
            findings += refused
        else:
            vault = open_vault(project, secret_sources(project, os.environ, allow_commands=args.allow_commands))
            SCRUBBER.learn(vault.all_secrets)
            findings += secrets(project, vault)
            findings += _storages(args, project, vault, console) if args.storage else ()
        found = settings(args, console)
    except (CredentialsError, UsageError) as fault:
        subject = "settings" if isinstance(fault, UsageError) else "credentials"
        return _outcome([*findings, *faults(subject, fault)], console)
    findings.append(Finding("credentials", f"{found.credentials.username} from {found.credentials.origin}"))

    async def work(opened: AsyncProject) -> Outcome:
        try:
            engine = await opened.engine()
        except ManifestError as fault:
            return _outcome([*findings, *faults("manifest", fault)], console)
        return _outcome([*findings, *await examine(engine)], console)

    return run_with(AsyncProject(project, found, Rows.GIVEN, vault), work)


def _storages(args: Namespace, project: Definition, vault: Vault, console: Console) -> Iterator[Finding]:
    from eocanvas_apply.engine.definition import given_rows
    from eocanvas_apply.engine.inspection.doctor import Finding, listed
    from eocanvas_apply.engine.inspection.preflight import preflight
    from eocanvas_apply.engine.opening import timing_overrides
    from eocanvas_apply.render.account.storage_checks import outcome

    campaigns = given_rows(project, datetime.now(UTC))
    timing = timing_overrides(os.environ)
    for each in asyncio.run(preflight(campaigns, vault, timing, write=args.storage == "write", late=console.say)):
        if each.ok:
            yield Finding(each.address, f"{each.place}: {outcome(each)}")
        yield from listed("storage", each.diagnostics)


def _manifest(args: Namespace) -> tuple[list[Finding], Definition]:
    """Return what is found about the manifest, and its project: an empty one where there is none that can be read."""
    from eocanvas_apply.engine.definition import given_rows, parse_project
    from eocanvas_apply.engine.inspection.doctor import Finding, faults

    files = manifest_files(args)
    empty = parse_project("version: 1\nproject: none\n", files.folder / MANIFEST, lambda _: b"")
    if not args.file and not files.exist:
        return [Finding("manifest", f"none at {files}; `eocanvas-apply init` writes one")], empty
    try:
        project = opened_project(args)
        given_rows(project, datetime.now(UTC))
    except (ManifestError, UsageError) as fault:
        return faults("manifest", fault), empty
    return [Finding("manifest", f"{files}: project {project.manifest.project}")], project


def _outcome(findings: list[Finding], console: Console) -> Outcome:
    """Return the outcome; as text each finding is one line, so that diagnostics are not shown once more."""
    from eocanvas_apply.render.layout import table

    # What was an error before the plan is not shown once more as its warning.
    once: dict[Diagnostic | Finding, Finding] = {}
    for each in findings:
        once.setdefault(replace(each.diagnostic, severity=Severity.ERROR) if each.diagnostic else each, each)
    findings = list(once.values())
    wrong = [each.diagnostic for each in findings if each.diagnostic]
    rows = [[_mark(each), each.subject, str(each.diagnostic or each.found)] for each in findings]
    documents = [{"subject": each.subject, "found": each.found, "ok": each.ok} for each in findings]
    return Outcome(
        Exit.ERROR if has_errors(wrong) else Exit.DONE,
        wrong if console.as_json else (),
        text=lambda style: table(("", "checked", "found"), rows, style),
        fields=lambda: {"doctor": documents},
    )


def _mark(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "!!" if finding.diagnostic and has_errors([finding.diagnostic]) else "!"
