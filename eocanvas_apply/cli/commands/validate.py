"""`validate`: checks the manifest and the files it names. No network, no credentials, no secret is resolved."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime

from eocanvas_apply.cli.arguments import CI_FORMATS, Parser, add_manifest, opened_project
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.errors import SafetyRefusal
from eocanvas_apply.render.layout import counted

EPILOG = """\
All faults are shown at once, each with its line and what to do about it. In CI the formats github (annotations),
gitlab (Code Quality), sarif (2.1.0) and junit (XML) hold the diagnostics and nothing else.

Examples:
  eocanvas-apply validate
  eocanvas-apply validate -f campaign.yaml --format json
  eocanvas-apply validate --format sarif > eocanvas.sarif
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_manifest(parser, *CI_FORMATS)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Check; raises ManifestError with all findings when one of them is an error."""
    from eocanvas_apply.engine.definition import given_rows, offline_findings

    project = opened_project(args)
    campaigns = given_rows(project, datetime.now(UTC))
    if campaigns.refusals:
        raise SafetyRefusal(*campaigns.refusals, *offline_findings(campaigns))
    keys, jobs = counted(len(project.manifest.keys), "key"), counted(len(project.manifest.jobs), "job")
    known = campaigns.expansion.instances
    instances = f" ({counted(sum(map(len, known.values())), 'instance')} of campaigns)" if known else ""
    text = f"{args.file}: {keys} and {jobs}{instances}, no errors\n"
    return Outcome(diagnostics=offline_findings(campaigns), text=lambda _: text)
