"""The options that several commands share."""

from __future__ import annotations

import argparse
import re
from argparse import Namespace
from typing import Any

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.interruption import DOCUMENTS
from eocanvas_apply.manifest_sources import MANIFEST, PATTERN
from eocanvas_apply.vocabulary import ALLOWANCES

# Of diagnostics alone, for the commands whose result they are.
CI_FORMATS = tuple(name for name in DOCUMENTS if name != "json")


class _OneEnvironment(argparse.Action):
    """Takes one name; a second one is an error, where argparse would forget the first."""

    _seen: Namespace | None = None

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Namespace, values: object, option: str | None = None
    ) -> None:
        if self._seen is namespace:
            parser.error(f"{option} is given twice; only one environment holds")
        self._seen = namespace
        setattr(namespace, self.dest, values)


def add_project(parser: Parser, *formats: str) -> None:
    """Declare the ledger, the manifest, its variables and secrets, and the options of every command."""
    add_ledger(parser)
    add_secrets(parser)
    add_manifest(parser, *formats)


def add_job(parser: Parser) -> None:
    """Declare the address of one job, and what `add_project` does."""
    parser.add_argument("address", metavar="ADDRESS", help="of the job")
    add_project(parser)


def add_manifest(parser: Parser, *formats: str) -> None:
    """Declare the manifest and its variables, and the options of every command."""
    add_variables(parser)
    add_allowed_paths(parser)
    add_policy(parser)
    add_place(parser, *formats)


def add_variables(parser: Parser) -> None:
    """Declare the manifest's variables."""
    parser.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the manifest, instead of its default; can be given several times",
    )


def add_allowed_paths(parser: Parser) -> None:
    """Declare what the manifest may name outside of its own folder."""
    parser.add_argument(
        "--allow-path",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder outside of the manifest's where the manifest may name files and download folders; can be given "
        "several times (also: EOCANVAS_APPLY_ALLOW_PATHS)",
    )


def add_policy(parser: Parser) -> None:
    """Declare the limits that stand outside of the manifest."""
    parser.add_argument(
        "--policy",
        metavar="FILE",
        help="limits that no manifest can change; what breaks them is refused, exit 5 (also: EOCANVAS_APPLY_POLICY)",
    )


def add_place(parser: Parser, *formats: str) -> None:
    """Declare the manifest, for a command that reads only what lies beside it, and the options of every command."""
    parser.add_argument(
        "-f",
        "--file",
        action="append",
        default=[],
        metavar="FILE",
        help=f"the manifest, or a folder whose {PATTERN} are one manifest; given several times, each is laid over "
        f"those before it (default: {MANIFEST})",
    )
    parser.add_argument(
        "--env",
        action=_OneEnvironment,
        metavar="NAME",
        type=_environment,
        help="the environment of the manifest that holds; each has a ledger of its own",
    )
    add_output(parser, *formats)


def _environment(text: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_-]{0,39}", text):
        rule = "it begins with a small letter; small letters, digits, - and _ follow"
        raise argparse.ArgumentTypeError(f"{text[:80]!r} cannot be the name of an environment: {rule}")
    return text


def add_ledger(parser: Parser) -> None:
    """Declare where the ledger is."""
    parser.add_argument(
        "--ledger",
        metavar="PATH|URL",
        help="the ledger: a file, s3://BUCKET/PREFIX or postgresql://HOST/DATABASE (default: EOCANVAS_APPLY_LEDGER, "
        "else .eocanvas/default.jsonl, or that of --env, beside the manifest)",
    )


def add_secrets(parser: Parser) -> None:
    """Declare what is allowed where the secrets of keys are read."""
    parser.add_argument(
        "--allow-commands", action="store_true", help="run the commands that the manifest names as sources of secrets"
    )


def add_sealing(parser: Parser) -> None:
    """Declare for whom secrets may be sealed."""
    parser.add_argument(
        "--require-sealing-key",
        metavar="SHA256",
        type=_sha256,
        help="refuse every public key of the service but this one; `doctor` shows the one of now",
    )


def _sha256(text: str) -> str:
    digest = text.lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no SHA-256: 64 hexadecimal digits")
    return digest


def add_storage(parser: Parser) -> None:
    """Declare that the storages of the keys are asked."""
    parser.add_argument(
        "--storage",
        nargs="?",
        const="read",
        choices=("read", "write"),
        help="ask the storages, with the secrets of the keys, whether they answer and have the inputs; "
        "--storage=write also writes a small file where jobs put results, and removes it",
    )


def add_yes(parser: Parser) -> None:
    """Declare `--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def add_output(parser: Parser, *formats: str) -> None:
    """Declare format (further `formats` beside text and JSON), colour and log."""
    choices = ("text", "json", *formats)
    parser.add_argument("--format", choices=choices, default="text", help="format of the result (default: text)")
    parser.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR in the environment)")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show the requests to the service on stderr")
    parser.add_argument("--log", metavar="FILE", help="append the log to a file, without secrets")


def add_allowances(parser: Parser) -> None:
    """Declare what the safety rules refuse without them."""
    safety = parser.add_argument_group("what apply refuses without permission")
    for flag, meaning in ALLOWANCES.items():
        words = meaning.replace("%", "%%")
        safety.add_argument(f"--{flag}", dest="allowed", action="append_const", const=flag, default=[], help=words)
    add_protected(parser, safety)


def add_protected(parser: Parser, group: argparse._ArgumentGroup | None = None) -> None:
    """Declare what is protected and may be touched."""
    (group or parser).add_argument(
        "--allow-protected",
        metavar="ADDRESS",
        action="append",
        default=[],
        help="delete, replace, forget or run again what `protect:` names; also a pattern such as job.x/*",
    )


def add_requests(parser: Parser) -> None:
    """Declare what plan and apply may be asked for beyond the manifest."""
    part = parser.add_argument_group("a part of it")
    part.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        help="launch, forget and delete only this: a name, a campaign, CAMPAIGN/ID; their keys are included",
    )
    part.add_argument("--limit", metavar="N", type=_count, help="launch at most this many jobs in this run")
    again = parser.add_argument_group("what to run again; each job uses a unit of the quota")
    again.add_argument("--retry-failed", action="store_true", help="the jobs that failed, also without a result")
    again.add_argument("--relaunch", metavar="ADDRESS", action="append", default=[], help="this job, or this campaign")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of launches (at least 1)")
    return int(text)


def add_metrics(parser: Parser) -> None:
    """Declare the file of metrics."""
    parser.add_argument(
        "--metrics",
        metavar="FILE",
        help="at the end write where everything stands as an OpenMetrics text, such as for a collector of Prometheus",
    )


def requested(args: Namespace) -> dict[str, Any]:
    """Return what `add_requests` declares, as arguments of a project's `plan` and `requests`."""
    return {name: getattr(args, name) for name in ("only", "limit", "relaunch", "retry_failed")}
